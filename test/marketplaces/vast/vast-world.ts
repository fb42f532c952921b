import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Order } from '../../../engine/domain/marketplace.ts';
import type { Send } from '../../../engine/marketplaces/vast/send.ts';
import { type Vast, vast } from '../../../engine/marketplaces/vast/vast.ts';
import { seeded } from '../../fakes/chance.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { type Account, GOOD_KEY, openVast, type VastOptions } from '../../standins/vast/account.ts';
import { sendTo } from '../../standins/vast/send.ts';
import { readTraps } from '../../standins/vast/traps.ts';

/** An account at the stand-in and a client of it, under a clock that runs by itself, far faster than the sun. */
export interface VastWorld extends Disposable {
  readonly clock: FakeClock;
  readonly account: Account;
  readonly market: Vast;
  readonly keysFile: string;
  /** To the stand-in and back. */
  readonly send: Send;
  /** Another client, with another key or none of the old one's memory. */
  again(key?: string, through?: Send): Vast;
  order(label?: string): Order;
  until(look: () => Promise<boolean> | boolean): Promise<void>;
}

export interface WorldOptions extends Partial<Omit<VastOptions, 'traps' | 'now'>> {
  /** As `npm run standin vast` takes them: `create-502=0.5`. */
  readonly traps?: readonly string[];
}

export const never = new AbortController().signal;
export const gladly = async (): Promise<void> => undefined;
export const URL_OF_VAST = 'http://vast.test';

/** For one test; it ends with it. */
export function vastWorld(options: WorldOptions = {}): VastWorld {
  const world = openVastWorld(options);
  onTestFinished(() => world[Symbol.dispose]());
  return world;
}

export function openVastWorld({ traps = [], ...options }: WorldOptions = {}): VastWorld {
  const clock = new FakeClock();
  const account = openVast({ ...options, now: () => clock.now(), traps: readTraps(traps) });
  const folder = mkdtempSync(join(tmpdir(), 'dumont-vast-'));
  const keysFile = join(folder, 'vast', 'keys.json');
  const send = sendTo(account, clock);
  const random = seeded('client');
  const again = (key = GOOD_KEY, through = send): Vast =>
    vast({ url: URL_OF_VAST, key, keysFile, clock, random, send: through });
  let over = false;
  const run = async (): Promise<void> => {
    while (!over) await clock.advance(50);
  };
  void run();
  return {
    clock,
    account,
    market: again(),
    keysFile,
    send,
    again,
    order: (label = 'dumont-test-m1-lab') => ({
      label,
      image: 'vastai/pytorch',
      diskGb: 40,
      publicKeys: ['ssh-ed25519 AAAA engine'],
      bootScript: '#!/bin/sh\ntrue\n',
      bootConfig: '{}',
      environment: { A: 'b' },
      ports: [8080],
    }),
    async until(look) {
      const deadline = clock.now() + 4 * 3_600_000;
      while (!(await look())) {
        if (clock.now() > deadline) throw new Error('not seen within 4 h');
        await clock.sleep(500, never);
      }
    },
    [Symbol.dispose]() {
      over = true;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Machines that start at once and well. */
export const PROMPT = () => ({ loadingMs: 20_000, sshMs: 1_000, cached: false, fate: 'well' }) as const;
