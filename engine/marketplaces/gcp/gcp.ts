import { Failure } from '../../domain/failures.ts';
import type { Clock, Marketplace } from '../../domain/ports.ts';
import type { Secret } from '../../domain/secret.ts';
import { type Answer, call, type Request, type Service, shaped } from '../http/call.ts';
import { pace } from '../http/pace.ts';
import { together } from '../http/together.ts';
import { fits, insertBody, listed, nameFor, offerIn, requestIdFor } from './machines.ts';
import { openOperations } from './operations.ts';
import { MACHINE_NAMES } from './prices.ts';
import { refusalOf } from './refusals.ts';
import { serviceAccount } from './service-account.ts';
import { Aggregated, type Instance, SerialOutput } from './shapes.ts';

export interface GcpOptions {
  /** https://compute.googleapis.com/compute/v1, or a stand-in for it. */
  readonly api: string;
  /** The JSON of a service account. */
  readonly key: Secret;
  readonly zones: readonly string[];
  readonly machineType: string;
  readonly clock: Clock;
}

/** Machines without a GPU at Google Compute Engine, for whoever asks for such. */
export function gcp({ api, key, zones, machineType, clock }: GcpOptions): Marketplace {
  const account = serviceAccount(key, clock);
  const headers = async (signal: AbortSignal) => ({ authorization: `Bearer ${await account.token(signal)}` });
  const service: Service = {
    marketplace: 'gcp',
    base: `${api}/projects/${account.project}`,
    headers,
    timeoutMs: 20_000,
  };
  const lists = pace(LIST_MS, clock);
  /** How often each zone was asked. */
  const rounds = new Map<string, number>();

  async function good(request: Request, signal: AbortSignal): Promise<Answer> {
    const answer = await call(service, request, signal);
    if (!answer.ok) throw refusalOf(answer);
    return answer;
  }

  const operations = openOperations(
    async (zone, name, signal) => await good({ method: 'GET', path: `/zones/${zone}/operations/${name}` }, signal),
    clock,
  );

  async function act(instance: string, action: 'start' | 'stop', signal: AbortSignal): Promise<void> {
    const { zone, path } = placeOf(instance);
    await operations.done(zone, await good({ method: 'POST', path: `${path}/${action}` }, signal), signal);
  }

  return {
    name: 'gcp',
    pauses: true,
    terms: { createEveryMs: 0, imageGb: 0, ownNetwork: true },

    async offers(need, signal) {
      signal.throwIfAborted();
      if (!MACHINE_NAMES.includes(machineType)) return [];
      return zones
        .map((zone) => ({
          ...offerIn(zone, machineType, need.diskGbMin ?? DISK_GB),
          id: `${zone}|${rounds.get(zone) ?? 0}`,
        }))
        .filter((offer) => fits(offer, need));
    },

    async rent(offer, order, depart, signal) {
      const [zone = '', round = ''] = offer.id.split('|');
      if (round !== String(rounds.get(zone) ?? 0)) throw new Failure('offer_taken', { offer: offer.id });
      const departing = async (): Promise<void> => {
        await depart();
        rounds.set(zone, Number(round) + 1);
      };
      const body = insertBody(zone, machineType, order);
      const query = { requestId: requestIdFor(order.label) };
      const path = `/zones/${zone}/instances`;
      const answer = await call(service, { method: 'POST', path, query, body, depart: departing }, signal);
      if (!answer.ok) throw refusalOf(answer, offer.id);
      const instance = `${zone}/${nameFor(order.label)}`;
      await operations.inserted(instance, order, offer.machine, answer, signal);
      return instance;
    },

    list: together(async (depart, signal) => {
      await lists.turn(signal);
      depart();
      await operations.look(signal);
      const all: Instance[] = [];
      for (let pageToken: string | undefined; ; ) {
        const query = { filter: 'labels.dumont=machine', maxResults: '500', pageToken };
        const answer = await good({ method: 'GET', path: '/aggregated/instances', query }, signal);
        const page = shaped(Aggregated, answer, 'gcp');
        const silent = Object.entries(page.items).filter(([, { warning }]) => warning?.code === 'UNREACHABLE');
        const missing = [...page.unreachables, ...silent.map(([zone]) => zone)];
        if (missing.length > 0)
          throw new Failure('marketplace_down', { marketplace: 'gcp', why: `its list lacks ${missing.join(', ')}` });
        all.push(...Object.values(page.items).flatMap(({ instances }) => instances));
        pageToken = page.nextPageToken;
        if (!pageToken) return operations.withFailed(all.map(listed));
      }
    }),

    async destroy(instance, signal) {
      const { zone, path } = placeOf(instance);
      const answer = await call(service, { method: 'DELETE', path }, signal);
      operations.forget(instance);
      if (answer.status === 404) return;
      if (!answer.ok) throw refusalOf(answer);
      await operations.done(zone, answer, signal);
    },

    stop: async (instance, signal) => await act(instance, 'stop', signal),
    start: async (instance, signal) => await act(instance, 'start', signal),

    async bootLog(instance, signal) {
      const request: Request = { method: 'GET', path: `${placeOf(instance).path}/serialPort`, query: { port: '1' } };
      return shaped(SerialOutput, await good(request, signal), 'gcp').contents;
    },

    endCall: async () => null, // its service account is ours, and must not be on it
    endItself: () => ({ by: 'power off' }), // a machine that is off is stopped, and only its disk is billed
  };
}

const LIST_MS = 2_000;
/** What an offer has where nobody said how much they need. */
const DISK_GB = 40;

function placeOf(instance: string): { readonly zone: string; readonly path: string } {
  const [zone = '', name = ''] = instance.split('/');
  return { zone, path: `/zones/${encodeURIComponent(zone)}/instances/${encodeURIComponent(name)}` };
}
