import type { HostMemory, RankedOffer } from '../domain/doors.ts';
import type { Boot } from '../domain/journals.ts';
import { hasGpu, type Need, type Offer, type Terms } from '../domain/marketplace.ts';
import { expectation, patience } from './hosts.ts';

/** What is known when offers are put in order. */
export interface Knowledge {
  readonly memory: ReadonlyMap<string, HostMemory>;
  readonly boots: ReadonlyMap<string, readonly Boot[]>;
  /** What a start downloads: tools and snapshot. Bandwidth is often dearer than the GPU seconds of a race. */
  readonly downloadGb: number;
  /** By marketplace. */
  readonly terms: ReadonlyMap<string, Terms>;
  readonly now: number;
}

/** A minute of a person's waiting, in dollars: it makes seconds and prices comparable. */
const DOLLARS_PER_WAITED_MINUTE = 0.05;
/** A session is about this long; an offer's price counts for all of it. */
const SESSION_HOURS = 1;

/** Best first, each with the figures that put it there. */
export function ranking(offers: readonly Offer[], known: Knowledge): readonly RankedOffer[] {
  return offers
    .map((offer) => ({ offer, ...judge(offer, known) }))
    .toSorted((a, b) => a.rank - b.rank || compare(a.offer.id, b.offer.id));
}

function judge(offer: Offer, known: Knowledge): { rank: number; why: string } {
  const key = `${offer.marketplace}/${offer.machine}`;
  const memory = known.memory.get(key);
  const expected = expectation(memory, known.boots.get(key) ?? [], known.now);
  const failure = 1 - (1 - expected.failure) * offer.reliability;
  const waitMinutes = expected.readyMs / 60_000 / Math.max(0.05, 1 - failure);
  const bandwidth = offer.dollarsPerGbDown * (known.downloadGb + pullGbOf(offer, known.terms));
  const rank = offer.dollarsPerHour * SESSION_HOURS + bandwidth + waitMinutes * DOLLARS_PER_WAITED_MINUTE;
  const seen = memory ? `seen ${memory.starts}×` : 'never seen';
  const why = `about ${Math.round(expected.readyMs / 1000)} s to start, ${Math.round((1 - failure) * 100)} % sure, ${seen}`;
  return { rank, why };
}

/** What a host pulls at our expense before the machine runs. */
export const pullGbOf = (offer: Offer, terms: Knowledge['terms']): number => terms.get(offer.marketplace)?.imageGb ?? 0;

/** How long this one may take before another starts beside it. */
export function patienceWith(offer: Offer, { boots }: Knowledge, otherwiseMs: number): number {
  const market = [...boots].filter(([key]) => key.startsWith(`${offer.marketplace}/`)).flatMap(([, all]) => all);
  return patience(boots.get(`${offer.marketplace}/${offer.machine}`) ?? [], market, otherwiseMs);
}

/** Does the offer meet the need? The first thing that does not is the answer; null when it fits. */
export function misfit(offer: Offer, need: Need): string | null {
  if (hasGpu(offer) === (need.kind === 'cpu')) return hasGpu(offer) ? 'with a GPU' : 'without a GPU';
  if (need.gpu !== undefined && simple(offer.gpu) !== simple(need.gpu)) return `GPU is not ${need.gpu}`;
  if (offer.gpuCount < (need.gpuCountMin ?? 0)) return `fewer than ${need.gpuCountMin} GPUs`;
  if (offer.vramGb < (need.vramGbMin ?? 0)) return `less than ${need.vramGbMin} GB of GPU memory`;
  if (offer.dollarsPerHour > (need.dollarsPerHourMax ?? Number.POSITIVE_INFINITY))
    return `dearer than $${need.dollarsPerHourMax}/h`;
  if (need.regions && !need.regions.includes(offer.region)) return `not in ${need.regions.join(', ')}`;
  if (offer.reliability < (need.reliabilityMin ?? 0)) return `less reliable than ${need.reliabilityMin}`;
  if (offer.downMbps < (need.downMbpsMin ?? 0)) return `slower than ${need.downMbpsMin} Mbit/s`;
  if (offer.diskGb < (need.diskGbMin ?? 0)) return `less than ${need.diskGbMin} GB of disk`;
  if (need.cudaMin !== undefined && (offer.cuda ?? 0) < need.cudaMin) return `CUDA older than ${need.cudaMin}`;
  if (need.verified && !offer.verified) return 'not verified';
  if (offer.spot && !need.spot) return 'interruptible';
  return null;
}

/**
 * The best `count` offers that differ in physical machine from everything used and each other, spread over hosts and regions,
 * and over marketplaces where one lets them leave too slowly.
 */
export function spread(
  ranked: readonly RankedOffer[],
  used: readonly Offer[],
  count: number,
  terms: Knowledge['terms'] = new Map(),
): readonly Offer[] {
  const taken = [...used];
  const chosen: Offer[] = [];
  while (chosen.length < count) {
    const next = ranked
      .filter(
        ({ offer }) =>
          !taken.some((other) => other.machine === offer.machine && other.marketplace === offer.marketplace),
      )
      .map(({ offer, rank }) => ({ offer, rank: rank * crowding(offer, taken) + queueing(offer, chosen, terms) }))
      .reduce<{ offer: Offer; rank: number } | null>((best, one) => (best && best.rank <= one.rank ? best : one), null);
    if (!next) break;
    chosen.push(next.offer);
    taken.push(next.offer);
  }
  return chosen;
}

/** Siblings at one owner or in one place fail together, so each one more counts as dearer. */
function crowding(offer: Offer, taken: readonly Offer[]): number {
  const sameHost = taken.filter((other) => other.host === offer.host).length;
  const sameRegion = taken.filter((other) => other.region === offer.region).length;
  return 1 + 0.5 * sameHost + 0.05 * sameRegion;
}

/** Machines of one marketplace leave one after the other; the last of five waits for the other four. */
function queueing(offer: Offer, chosen: readonly Offer[], terms: Knowledge['terms']): number {
  const before = chosen.filter((other) => other.marketplace === offer.marketplace).length;
  const waitMs = before * (terms.get(offer.marketplace)?.createEveryMs ?? 0);
  return (waitMs / 60_000) * DOLLARS_PER_WAITED_MINUTE;
}

const simple = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '');

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
