import { Failure } from '../../domain/failures.ts';
import type { Billed, Offer, Order } from '../../domain/marketplace.ts';
import { microDollars } from '../../domain/money.ts';
import type { Clock, Marketplace } from '../../domain/ports.ts';
import type { Secret } from '../../domain/secret.ts';
import { type Answer, call, type Request, type Service, shaped } from '../http/call.ts';
import { pace } from '../http/pace.ts';
import { together } from '../http/together.ts';
import { balanceOf, endByGraphql } from './graphql.ts';
import { readLog } from './log.ts';
import { type Cloud, fits, listed, offersIn, placeOf } from './pools.ts';
import { isTooEarly, refusalOf, restMs } from './refusals.ts';
import { Billing, type BillingRecord, Gpus, Pod, Pods } from './shapes.ts';
import { START_COMMAND, startEnvironment } from './start-command.ts';

export interface RunpodOptions {
  /** https://api.runpod.io, or a stand-in for it. */
  readonly api: string;
  readonly key: Secret;
  readonly clock: Clock;
  readonly timeoutMs?: number;
}

/** RunPod through its REST API v2. Only SSH straight to a public port counts: its proxy carries no files. */
export function runpod({ api, key, clock, timeoutMs = 20_000 }: RunpodOptions): Marketplace {
  const headers = async () => ({ authorization: `Bearer ${key.reveal()}` });
  const service: Service = { marketplace: 'runpod', base: api, headers, timeoutMs };
  const requests = pace(0, clock);
  const lists = pace(LIST_MS, clock);
  /** How often each pool was asked. */
  const rounds = new Map<string, number>();

  async function ask(request: Request, signal: AbortSignal): Promise<Answer> {
    await requests.turn(signal);
    const answer = await call(service, request, signal);
    if (isTooEarly(answer)) requests.rest(restMs(answer));
    return answer;
  }

  async function good(request: Request, signal: AbortSignal): Promise<Answer> {
    const answer = await ask(request, signal);
    if (!answer.ok) throw refusalOf(answer);
    return answer;
  }

  async function catalog(cloud: Cloud, count: number, signal: AbortSignal): Promise<readonly Offer[]> {
    const query = { include: 'AVAILABILITY', product: 'POD', cloud, count: String(count) };
    const answer = await good({ method: 'GET', path: '/v2/catalog/gpus', query }, signal);
    return shaped(Gpus, answer, 'runpod').gpus.flatMap((gpu) => offersIn(gpu, cloud, count));
  }

  /** What it does already it is not asked for again. */
  async function act(instance: string, action: 'start' | 'stop', signal: AbortSignal): Promise<Pod> {
    const request: Request = { method: 'POST', path: `${podPath(instance)}/action`, body: { action } };
    const answer = await ask(request, signal);
    if (answer.ok) return shaped(Pod, answer, 'runpod');
    if (answer.status !== 409) throw refusalOf(answer);
    const pod = shaped(Pod, await good({ method: 'GET', path: podPath(instance) }, signal), 'runpod');
    if ((pod.status === 'EXITED') !== (action === 'stop')) throw refusalOf(answer);
    return pod;
  }

  return {
    name: 'runpod',
    pauses: true,

    async offers(need, signal) {
      if (need.kind === 'cpu') return [];
      const count = need.gpuCountMin ?? 1;
      const clouds = await Promise.all([catalog('SECURE', count, signal), catalog('COMMUNITY', count, signal)]);
      const fitting = clouds.flat().filter((offer) => fits(offer, need));
      return fitting.map((offer) => ({ ...offer, id: `${offer.id}|${rounds.get(offer.machine) ?? 0}` }));
    },

    async rent(offer, order, depart, signal) {
      const round = rounds.get(offer.machine) ?? 0;
      // Elsewhere an offer is one machine and good for one rental. A pool that was asked counts as taken as well, until it is looked at anew.
      if (!offer.id.endsWith(`|${round}`)) throw new Failure('offer_taken', { offer: offer.id });
      const departing = async (): Promise<void> => {
        await depart();
        rounds.set(offer.machine, round + 1);
      };
      const body = createBody(offer, order);
      const answer = await ask({ method: 'POST', path: '/v2/pods', body, depart: departing }, signal);
      if (!answer.ok) throw refusalOf(answer, offer.id);
      return shaped(Pod, answer, 'runpod').id;
    },

    list: together(async (depart, signal) => {
      await lists.turn(signal);
      depart();
      const { pods } = shaped(Pods, await good({ method: 'GET', path: '/v2/pods' }, signal), 'runpod');
      return pods.filter(({ status }) => status !== 'TERMINATED').map(listed);
    }),

    async destroy(instance, signal) {
      const answer = await ask({ method: 'DELETE', path: podPath(instance) }, signal);
      if (!answer.ok && answer.status !== 404) throw refusalOf(answer);
    },

    async stop(instance, signal) {
      await act(instance, 'stop', signal);
    },

    async start(instance, signal) {
      const pod = await act(instance, 'start', signal);
      if (pod.gpu !== undefined && pod.gpu.count > 0) return;
      await act(instance, 'stop', signal);
      throw new Failure('gpu_taken', { marketplace: 'runpod', why: 'it started without a GPU, and was stopped again' });
    },

    bootLog: async (instance, signal) => await readLog(service, `${podPath(instance)}/logs`, signal),

    endCall: async () => null, // the key that ends one pod is known inside that pod alone
    endItself: (instance) => ({
      by: 'own key',
      variable: 'RUNPOD_API_KEY',
      calls: [
        { method: 'DELETE', url: `${api}${podPath(instance)}`, headers: OWN_KEY, body: null },
        endByGraphql(api, instance, OWN_KEY),
      ],
    }),

    async charges(since, signal) {
      const startTime = new Date(since).toISOString();
      const endTime = new Date(clock.now()).toISOString();
      const query = { startTime, endTime, bucketSize: 'day' };
      const answer = await good({ method: 'GET', path: '/v2/billing/pods', query }, signal);
      const { records } = shaped(Billing, answer, 'runpod');
      return records.flatMap(linesOf).filter(({ until }) => until >= since);
    },

    credit: async (signal) => await balanceOf(service, signal),
  };
}

/** The pod's own; what it may do in REST is written nowhere, and what `runpodctl` does inside of a pod is GraphQL. */
const OWN_KEY = { authorization: 'Bearer {key}' };

/** Half of the 60 requests a minute, so that the rest is left for what has to happen. */
const LIST_MS = 2_000;

const podPath = (instance: string): string => `/v2/pods/${encodeURIComponent(instance)}`;

function createBody(offer: Offer, order: Order): object {
  const { gpu, cloud, dataCenter, cuda } = placeOf(offer);
  return {
    name: order.label,
    image: order.image,
    args: START_COMMAND,
    env: startEnvironment(order),
    cloud,
    dataCenterIds: [dataCenter],
    gpu: { id: gpu, count: offer.gpuCount, ...(cuda !== '' && { minCudaVersion: cuda }) },
    ports: ['22/tcp', ...order.ports.filter((port) => port !== 22).map((port) => `${port}/tcp`)],
    // The container's own disk is wiped whenever it stops. What is below /workspace stays on the host.
    disk: order.diskGb,
    mounts: { persistent: { size: Math.max(10, order.diskGb), path: '/workspace' } },
  };
}

function linesOf({ podId, startTime, endTime, ...amounts }: BillingRecord): readonly Billed[] {
  const from = Date.parse(startTime);
  const until = Date.parse(endTime);
  const line = (kind: Billed['for'], dollars: number): readonly Billed[] => {
    const id = `${podId}/${startTime}/${kind}`;
    return dollars === 0 ? [] : [{ id, instance: podId, for: kind, micro: microDollars(dollars), from, until }];
  };
  return [...line('gpu', amounts.gpuAmount + amounts.cpuAmount), ...line('disk', amounts.diskAmount)];
}
