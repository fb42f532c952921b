import { Failure } from '../../domain/failures.ts';
import type { Clock, Marketplace } from '../../domain/ports.ts';
import type { Secret } from '../../domain/secret.ts';
import { type Answer, call, type Request, type Service, shaped } from '../http/call.ts';
import { pace } from '../http/pace.ts';
import { together } from '../http/together.ts';
import { fits, insertBody, listed, nameFor, offerIn, requestIdFor } from './machines.ts';
import { MACHINE_NAMES } from './prices.ts';
import { refusalIn, refusalOf } from './refusals.ts';
import { serviceAccount } from './service-account.ts';
import { Aggregated, type Instance, Operation, SerialOutput } from './shapes.ts';

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

  /** A reply of 200 says that it was begun. Done without an error is what counts; we wait for that for a while. */
  async function settled(zone: string, begun: Answer, signal: AbortSignal): Promise<void> {
    let operation = shaped(Operation, begun, 'gcp');
    const until = clock.now() + SETTLE_MS;
    while (operation.status !== 'DONE' && clock.now() < until) {
      await clock.sleep(OPERATION_MS, signal);
      const request: Request = { method: 'GET', path: `/zones/${zone}/operations/${operation.name}` };
      operation = shaped(Operation, await good(request, signal), 'gcp');
    }
    const refused = refusalIn(operation);
    if (refused) throw refused;
  }

  async function act(instance: string, action: 'start' | 'stop', signal: AbortSignal): Promise<void> {
    const { zone, path } = placeOf(instance);
    await settled(zone, await good({ method: 'POST', path: `${path}/${action}` }, signal), signal);
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
      await settled(zone, answer, signal);
      return `${zone}/${nameFor(order.label)}`;
    },

    list: together(async (depart, signal) => {
      await lists.turn(signal);
      depart();
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
        if (!pageToken) return all.map(listed);
      }
    }),

    async destroy(instance, signal) {
      const answer = await call(service, { method: 'DELETE', path: placeOf(instance).path }, signal);
      if (!answer.ok && answer.status !== 404) throw refusalOf(answer);
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
const OPERATION_MS = 1_000;
/** Less than the deadline for a create; what fails later is missing in lists, and found out there. */
const SETTLE_MS = 6_000;
/** What an offer has where nobody said how much they need. */
const DISK_GB = 40;

function placeOf(instance: string): { readonly zone: string; readonly path: string } {
  const [zone = '', name = ''] = instance.split('/');
  return { zone, path: `/zones/${encodeURIComponent(zone)}/instances/${encodeURIComponent(name)}` };
}
