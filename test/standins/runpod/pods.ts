import { type Account, balance, spendPerHour } from './account.ts';
import { type Answer, Problem } from './answer.ts';
import type { Cloud } from './catalogue.ts';
import { ACTIONS, type Asked, diskDollars, endAt, type Pod, rateFrom, shown, statusOf } from './pod.ts';
import { faultsIn } from './schema.ts';

const LAG_MS = 5_000;

export function listPods(account: Account): Answer {
  if (account.traps.has('list-500')) throw new Problem(500, 'something went wrong');
  const now = account.clock.now();
  const seen = [...account.pods.values()].filter((pod) => isSeen(account, pod, now));
  return { status: 200, body: { pods: seen.map((pod) => shown(pod, now)) } };
}

/** Ended pods leave lists at once, or late where lists are behind; new ones come into them at once, or late. */
function isSeen({ traps }: Account, pod: Pod, now: number): boolean {
  const lag = traps.has('list-lag') ? LAG_MS : 0;
  return now >= pod.createdAt + lag && (pod.terminatedAt === null || now < pod.terminatedAt + lag);
}

export function findPod(account: Account, id: string): Pod {
  const pod = account.pods.get(id);
  if (!pod || pod.terminatedAt !== null || !isSeen(account, pod, account.clock.now()))
    throw new Problem(404, 'pod not found');
  return pod;
}

interface CreateBody extends Asked {
  readonly name: string;
  readonly cloud?: Cloud;
  readonly gpu?: { id: string; count?: number; minCudaVersion?: string; allowedCudaVersions?: readonly string[] };
  readonly cpu?: object;
  readonly dataCenterIds?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const FULL =
  'There are no longer any instances available with the requested specifications. Please refresh and try again.';

/** Null: the pod is made, and nobody hears of it. */
export function createPod(account: Account, body: unknown): Answer | null {
  const faults = faultsIn('CreatePodRequest', body);
  if (faults.length > 0) throw new Problem(422, 'Request validation failed.', faults);
  const asked = body as CreateBody;
  if ((asked.gpu === undefined) === (asked.cpu === undefined)) throw new Problem(400, 'set exactly one of gpu or cpu');
  if (!asked.gpu) throw new Problem(400, 'this stand-in rents out no CPU pods');
  if (asked.gpu.minCudaVersion && asked.gpu.allowedCudaVersions?.length)
    throw new Problem(400, 'minCudaVersion and allowedCudaVersions exclude each other');
  const count = asked.gpu.count ?? 1;
  const places = account.catalogue.pools.filter(
    ({ gpu, cloud, dataCenter, cudaVersions }) =>
      gpu.id === asked.gpu?.id &&
      cloud === (asked.cloud ?? 'SECURE') &&
      (!asked.dataCenterIds?.length || asked.dataCenterIds.includes(dataCenter)) &&
      cudaVersions.some((version) => atLeast(version, asked.gpu?.minCudaVersion)),
  );
  if (places.length === 0) throw new Problem(400, 'could not find any pods with required specifications');
  const [first] = places;
  const price = (first?.cloud === 'SECURE' ? first.gpu.price.secure : (first?.gpu.price.community ?? 0)) * count;
  if (balance(account) < price) throw new Problem(402, 'Insufficient balance to deploy this pod.');
  const spend = spendPerHour(account) + price + diskDollars(asked, true);
  if (spend > account.spendLimit || account.traps.has('spend-limit'))
    throw new Problem(403, `Your account is limited to a spend of $${account.spendLimit} per hour. Contact support.`);
  const pool = places.find(({ free }) => free >= count);
  if (!pool || account.traps.has('no-capacity')) throw new Problem(400, FULL);

  const pod = newPod(account, asked, pool, count);
  account.pods.set(pod.id, pod);
  if (account.traps.has('create-hangs')) return null;
  if (account.traps.has('create-502')) throw new Problem(502, 'upstream did not answer');
  return { status: 201, body: shown(pod, account.clock.now()) };
}

function newPod(account: Account, asked: CreateBody, pool: Pod['pool'], count: number): Pod {
  const { traps, clock, pods } = account;
  const now = clock.now();
  pool.free -= count;
  const pod: Pod = {
    id: `p${(pods.size + 1).toString(36).padStart(3, '0')}${Math.abs(pods.size * 7919 + 104_729).toString(36)}`,
    name: asked.name,
    pool,
    count,
    asked,
    createdAt: now,
    fate: { stuck: traps.has('stuck'), error: traps.has('error'), noPort: traps.has('no-port') },
    pace: account.pace,
    port: 20_000 + pods.size * 10,
    env: asked.env ?? {},
    printed: [],
    gpus: count,
    upSince: now,
    starts: 0,
    terminatedAt: null,
    rates: [],
  };
  rateFrom(pod, now);
  return pod;
}

/** Compared number by number, so that 12.11 is above 12.2. */
export function atLeast(version: string, min: string | undefined): boolean {
  if (min === undefined) return true;
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [minMajor = 0, minMinor = 0] = min.split('.').map(Number);
  return major === minMajor ? minor >= minMinor : major > minMajor;
}

export function changePod(account: Account, id: string, body: unknown): Answer {
  const faults = faultsIn('UpdatePodRequest', body);
  if (faults.length > 0) throw new Problem(422, 'Request validation failed.', faults);
  const pod = findPod(account, id);
  const { env } = body as { env?: Readonly<Record<string, string>> };
  if (env) pod.env = env;
  return { status: 200, body: shown(pod, account.clock.now()) };
}

export function actOn(account: Account, id: string, body: unknown): Answer {
  const faults = faultsIn('PodActionRequest', body);
  if (faults.length > 0) throw new Problem(422, 'Request validation failed.', faults);
  const pod = findPod(account, id);
  const { action } = body as { action: string };
  const now = account.clock.now();
  if (!ACTIONS[statusOf(pod, now)].includes(action))
    throw new Problem(409, `action "${action}" is not valid for a pod that is ${statusOf(pod, now)}`);
  if (action === 'terminate') return endPod(account, id);
  if (action === 'stop') {
    pod.pool.free += pod.gpus;
    pod.upSince = null;
    rateFrom(pod, now);
  }
  if (action === 'start') start(account, pod, now);
  if (action === 'restart') pod.upSince = now - pod.pace.provisioningMs;
  return { status: 200, body: shown(pod, now) };
}

/** Its host is the same one, and what was free there may not be any more. */
function start(account: Account, pod: Pod, now: number): void {
  if (account.traps.has('gpu-gone'))
    throw new Problem(400, 'There are not enough free GPUs on the host machine to start this pod.');
  pod.gpus = account.traps.has('zero-gpus') ? 0 : pod.count;
  pod.pool.free -= pod.gpus;
  pod.upSince = now;
  pod.starts += 1;
  rateFrom(pod, now);
}

export function endPod(account: Account, id: string): Answer {
  const pod = findPod(account, id);
  if (account.traps.has('delete-500')) throw new Problem(500, 'something went wrong');
  if (!account.traps.has('delete-lies')) endAt(pod, account.clock.now());
  return { status: 204 };
}
