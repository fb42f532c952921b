import type { Clock, Marketplace } from '../../domain/ports.ts';
import { together } from '../http/together.ts';
import { openAccount } from './account.ts';
import { openAsk } from './ask.ts';
import { create } from './create.ts';
import { destroyer } from './destroy.ts';
import { openIncreases } from './increases.ts';
import { openKeys } from './keys.ts';
import { list } from './list.ts';
import { containerLog } from './logs.ts';
import { openReports } from './reports.ts';
import { search } from './search.ts';
import { type Send, sendByFetch } from './send.ts';
import { startAgain } from './start.ts';

export interface VastOptions {
  readonly url: string;
  readonly key: string;
  /** Where the keys lie with which machines end themselves; null: in memory alone. */
  readonly keysFile: string | null;
  readonly clock: Clock;
  readonly random: () => number;
  readonly send?: Send;
}

/** Besides what every marketplace does: what vast alone tells. */
export type Vast = Marketplace & ReturnType<typeof openAccount> & ReturnType<typeof openIncreases>;

/** Images with CUDA and a framework have about so much; a host that has it already pulls nothing. */
const IMAGE_GB = 5.5;

/** vast.ai behind our own words. One for each key, since its limits are counted by key. */
export function vast(options: VastOptions): Vast {
  const { url, clock } = options;
  const send = options.send ?? sendByFetch;
  const ask = openAsk({ ...options, send });
  const keys = openKeys(options.keysFile, clock);
  const destroy = destroyer(ask, clock);
  const reports = openReports(ask, clock);
  const listed = together(async (depart, signal) => {
    const all = await list(ask, depart, signal);
    keys.listed(all);
    return all;
  });

  async function change(instance: string, state: 'running' | 'stopped', signal: AbortSignal): Promise<void> {
    const path = `/api/v0/instances/${instance}/`;
    await ask.well({ route: 'change', method: 'PUT', path, body: { state }, again: true }, signal);
  }

  /** Vast puts these keys in where it looks after them itself. Nobody waits for it: the machine's own start does the same. */
  function letIn(instance: string, publicKeys: readonly string[], signal: AbortSignal): void {
    const path = `/api/v0/instances/${instance}/ssh/`;
    for (const ssh_key of publicKeys)
      ask({ route: 'attach', method: 'POST', path, body: { ssh_key }, again: true }, signal).catch(() => undefined);
  }

  return {
    name: 'vast',
    pauses: true,
    terms: { createEveryMs: 4_650, imageGb: IMAGE_GB, ownNetwork: true },
    ...openAccount(ask, clock),
    ...openIncreases(ask, clock),
    offers: async (need, signal, { browsing } = { browsing: false }) =>
      need.kind === 'cpu' ? [] : reports.on(await search(ask, need, browsing, signal), signal),

    async rent(offer, order, depart, signal) {
      const { instance, key } = await create(ask, offer, order, depart, signal);
      if (key !== null) keys.keep(instance, key);
      letIn(instance, order.publicKeys, signal);
      return instance;
    },

    list: async (signal) => await listed(signal),
    destroy,
    stop: async (instance, signal) => await change(instance, 'stopped', signal),
    start: async (instance, signal) => await startAgain(instance, { change, listed, clock }, signal),
    bootLog: async (instance, signal) => await containerLog(ask, send, clock, instance, signal),
    endCall: async (instance) => keys.endCall(url, instance),
  };
}
