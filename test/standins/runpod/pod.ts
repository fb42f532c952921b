import type { Pool } from './catalogue.ts';

export type Status = 'PROVISIONING' | 'STARTING' | 'RUNNING' | 'EXITED' | 'ERROR' | 'TERMINATED';

export interface Pod {
  readonly id: string;
  readonly name: string;
  readonly pool: Pool;
  readonly count: number;
  /** As it was asked for. */
  readonly asked: Asked;
  readonly createdAt: number;
  /** How it turns out; decided when it is made. */
  readonly fate: { readonly stuck: boolean; readonly error: boolean; readonly noPort: boolean };
  readonly pace: { readonly provisioningMs: number; readonly startingMs: number; readonly portsMs: number };
  readonly port: number;
  env: Readonly<Record<string, string>>;
  /** What its container wrote to its log. */
  printed: string[];
  /** GPUs that it has now; fewer than asked for after an unlucky start. */
  gpus: number;
  /** Since when it starts or runs; null while it stands still. */
  upSince: number | null;
  /** It has run before and starts at another public port. */
  starts: number;
  terminatedAt: number | null;
  rates: { from: number; gpu: number; disk: number }[];
}

/** What a create says, as far as it matters here. */
export interface Asked {
  readonly image: string;
  readonly args?: string;
  readonly disk?: number;
  readonly ports?: readonly string[];
  readonly startSsh?: boolean;
  readonly mounts?: { readonly persistent?: { readonly size: number; readonly path: string } };
}

export function statusOf(pod: Pod, now: number): Status {
  if (pod.terminatedAt !== null) return 'TERMINATED';
  if (pod.upSince === null) return 'EXITED';
  const upMs = now - pod.upSince;
  if (upMs < pod.pace.provisioningMs || pod.fate.stuck) return 'PROVISIONING';
  if (upMs < pod.pace.provisioningMs + pod.pace.startingMs) return 'STARTING';
  return pod.fate.error ? 'ERROR' : 'RUNNING';
}

export const ACTIONS: Readonly<Record<Status, readonly string[]>> = {
  PROVISIONING: ['stop', 'terminate'],
  STARTING: ['stop', 'terminate'],
  RUNNING: ['stop', 'restart', 'terminate'],
  EXITED: ['start', 'terminate'],
  ERROR: ['start', 'terminate'],
  TERMINATED: [],
};

/** As the API shows it. */
export function shown(pod: Pod, now: number): object {
  const status = statusOf(pod, now);
  const running = status === 'RUNNING';
  const upFor = pod.upSince === null ? 0 : now - pod.upSince - pod.pace.provisioningMs - pod.pace.startingMs;
  const mapped = running && !pod.fate.noPort && upFor >= pod.pace.portsMs;
  const port = pod.port + pod.starts;
  const host = '127.0.0.1';
  const assigned = status !== 'PROVISIONING';
  const direct = mapped && pod.asked.ports?.includes('22/tcp');
  return {
    id: pod.id,
    name: pod.name,
    status,
    actions: ACTIONS[status],
    image: pod.asked.image,
    args: pod.asked.args ?? '',
    disk: pod.asked.disk ?? 50,
    mounts: pod.asked.mounts ?? {},
    ports: pod.asked.ports ?? [],
    env: pod.env,
    registry: null,
    ...(pod.gpus > 0 && { gpu: { id: pod.pool.gpu.id, count: pod.gpus } }),
    cloud: pod.pool.cloud,
    dataCenterId: pod.pool.dataCenter,
    cudaVersion: assigned ? pod.pool.cudaVersions.at(-1) : null,
    ssh: {
      proxy: assigned
        ? {
            host: 'ssh.runpod.io',
            port: 22,
            username: `${pod.id}-64411eb2`,
            command: `ssh ${pod.id}-64411eb2@ssh.runpod.io`,
          }
        : null,
      direct: direct ? { host, port, username: 'root', command: `ssh root@${host} -p ${port}` } : null,
    },
    template: null,
    cost: pod.upSince === null ? 0 : pod.rates.at(-1)?.gpu,
    locked: false,
    globalNetworking: { enabled: false },
    runtime: running
      ? {
          uptime: Math.floor(Math.max(0, upFor) / 1_000),
          gpus: Array.from({ length: pod.gpus }, () => ({ util: 0, memoryUtil: 0 })),
          cpu: { util: 1 },
          memory: { util: 2 },
          ports: (pod.asked.ports ?? []).map((one) => {
            const [number, type] = one.split('/');
            return { private: Number(number), public: mapped ? port : null, type, ip: mapped ? host : null };
          }),
        }
      : null,
    createdAt: new Date(pod.createdAt).toISOString(),
    startedAt: assigned && pod.upSince !== null ? new Date(pod.upSince).toISOString() : null,
  };
}

const HOURS_PER_MONTH = 730;

/** By the hour: the container disk while it runs, the volume always, and twice as much while it stands still. */
export function diskDollars({ disk = 50, mounts }: Asked, running: boolean): number {
  const volume = mounts?.persistent?.size ?? 0;
  return (running ? 0.1 * disk + 0.1 * volume : 0.2 * volume) / HOURS_PER_MONTH;
}

export function rateFrom(pod: Pod, now: number): void {
  const running = pod.upSince !== null;
  const price = pod.pool.cloud === 'SECURE' ? pod.pool.gpu.price.secure : pod.pool.gpu.price.community;
  pod.rates.push({ from: now, gpu: running ? price * pod.gpus : 0, disk: diskDollars(pod.asked, running) });
}

export function endAt(pod: Pod, now: number): void {
  pod.terminatedAt = now;
  if (pod.upSince !== null) pod.pool.free += pod.gpus;
}
