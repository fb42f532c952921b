import { isIn, type Listed, type ListedStatus, type Need, type Offer } from '../../domain/marketplace.ts';
import { HOURS_PER_MONTH } from '../../domain/money.ts';
import type { Gpu, Pod } from './shapes.ts';

export type Cloud = 'SECURE' | 'COMMUNITY';

/**
 * RunPod rents out no particular machine: it takes one from the stock of a GPU type in a data center. Two requests to one
 * such pool compete with each other, so a pool is what counts as one machine, and a race asks it once.
 */
export function offersIn(gpu: Gpu, cloud: Cloud, count: number): readonly Offer[] {
  const secure = cloud === 'SECURE';
  const max = secure ? gpu.maxCount.secure : gpu.maxCount.community;
  const price = secure ? gpu.price.secure : gpu.price.community;
  if (count > max || price <= 0) return [];
  const stocked = (gpu.dataCenters ?? []).filter(({ availability }) => availability in SURE);
  return stocked.flatMap(({ id: dataCenter, availability }) =>
    drivers(gpu).map((cuda) => ({
      id: [gpu.id, cloud, dataCenter, count, cuda ?? ''].join('|'),
      marketplace: 'runpod',
      machine: poolName(gpu.id, cloud, dataCenter),
      host: secure ? dataCenter : `${dataCenter} community`,
      region: countryOf(dataCenter),
      gpu: gpu.name,
      gpuCount: count,
      vramGb: gpu.memory,
      cpuCount: null,
      memoryGb: null,
      diskGb: DISK_GB,
      dollarsPerHour: Number((price * count).toFixed(6)),
      dollarsPerGbDown: 0,
      dollarsPerGbUp: 0,
      stoppedDollarsPerGbMonth: STILL_PER_GB_MONTH,
      reliability: SURE[availability] ?? 0,
      downMbps: null,
      upMbps: null,
      cuda: cuda === null ? null : Number(cuda),
      verified: secure,
      spot: false,
    })),
  );
}

/** No more than this is asked of one host. RunPod says nothing of processors, memory and bandwidth. */
const DISK_GB = 1_000;

/** Our guess of how surely a create succeeds, by the stock that the catalog shows. It states no reliability of its own. */
const SURE: Readonly<Record<string, number>> = { HIGH: 0.99, MEDIUM: 0.95, LOW: 0.8 };

/** The oldest driver that is there, which limits nothing, and the newest, for who needs that. */
function drivers({ cudaVersions = [] }: Gpu): readonly (string | null)[] {
  const free = cudaVersions.filter(({ available }) => available).map(({ version }) => version);
  const sorted = free.toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  const ends = [sorted[0], sorted.at(-1)].filter((version) => version !== undefined);
  return ends.length === 0 ? [null] : [...new Set(ends)];
}

/** What an offer names, for the request that takes it. */
export function placeOf(offer: Offer) {
  const [gpu = '', cloud = '', dataCenter = '', , cuda = ''] = offer.id.split('|');
  return { gpu, cloud, dataCenter, cuda };
}

const poolName = (gpu: string, cloud: string, dataCenter: string | null): string =>
  `${gpu} ${cloud} ${dataCenter ?? 'anywhere'}`;

/** US-KS-2 is in the US, EU-RO-1 in Romania. */
function countryOf(dataCenter: string): string {
  const [first = '', second = ''] = dataCenter.split('-');
  return first === 'US' || first === 'CA' ? first : second || first;
}

export function fits(offer: Offer, need: Need): boolean {
  return (
    (need.gpu === undefined || simple(offer.gpu) === simple(need.gpu)) &&
    offer.vramGb >= (need.vramGbMin ?? 0) &&
    offer.dollarsPerHour <= (need.dollarsPerHourMax ?? Number.POSITIVE_INFINITY) &&
    isIn(offer.region, need.regions) &&
    offer.reliability >= (need.reliabilityMin ?? 0) &&
    offer.diskGb >= (need.diskGbMin ?? 0) &&
    (need.cudaMin === undefined || (offer.cuda ?? 0) >= need.cudaMin) &&
    (!need.verified || offer.verified)
  );
}

const simple = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '');

export function listed(pod: Pod): Listed {
  const { direct } = pod.ssh;
  return {
    instance: pod.id,
    label: pod.name,
    status: STATUS[pod.status] ?? 'unknown',
    statusMessage: pod.status.toLowerCase(),
    address: direct && { host: direct.host, port: direct.port },
    machine: poolName(pod.gpu?.id ?? '', pod.cloud, pod.dataCenterId),
    dollarsPerHour: pod.status === 'EXITED' ? stillDollars(pod) : pod.cost,
    startedAt: Date.parse(pod.createdAt),
  };
}

const STATUS: Readonly<Record<string, ListedStatus>> = {
  PROVISIONING: 'loading',
  STARTING: 'loading',
  RUNNING: 'running',
  EXITED: 'stopped',
  ERROR: 'exited',
};

/** Its cost says 0 while it stands still, and its volume is charged at twice the usual $0.10 per GB and month. */
const STILL_PER_GB_MONTH = 0.2;
const stillDollars = ({ mounts }: Pod): number =>
  ((mounts?.persistent?.size ?? 0) * STILL_PER_GB_MONTH) / HOURS_PER_MONTH;
