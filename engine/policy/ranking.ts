import type { HostMemory, RankedOffer } from '../domain/doors.ts';
import type { Boot } from '../domain/journals.ts';
import { hasGpu, isIn, type Need, type Offer, type Terms } from '../domain/marketplace.ts';
import { bandwidth, expectation, failedLately, patience } from './hosts.ts';

/** What is known when offers are put in order. */
export interface Knowledge {
  readonly memory: ReadonlyMap<string, HostMemory>;
  readonly boots: ReadonlyMap<string, readonly Boot[]>;
  /** The same, by owner. */
  readonly byHost: ReadonlyMap<string, readonly Boot[]>;
  readonly image: string | null;
  /** What a start downloads: tools and snapshot. Bandwidth is often dearer than the GPU seconds of a race. */
  readonly downloadGb: number;
  /** So many start for one that is kept. */
  readonly racers: number;
  /** By marketplace. */
  readonly terms: ReadonlyMap<string, Terms>;
  readonly now: number;
}

/** A minute of a person's waiting, in dollars: it makes seconds and prices comparable. */
const DOLLARS_PER_WAITED_MINUTE = 0.05;
/** Behind every machine that did not fail lately, whatever that one costs. */
const PASSED_OVER_DOLLARS = 1_000;
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
  const own = known.boots.get(key) ?? [];
  const kin = (known.byHost.get(`${offer.marketplace}/${offer.host}`) ?? []).filter(
    (boot) => boot.physical !== offer.machine,
  );
  const mbps = bandwidth(own, offer.downMbps ?? UNKNOWN_MBPS, known.now);
  const wanted = {
    image: known.image,
    restoreGb: known.downloadGb,
    restoreMs: (known.downloadGb * 8_000_000) / mbps,
    reports: offer.reports,
  };
  const expected = expectation(own, kin, wanted, known.now);
  const failure = 1 - (1 - expected.failure) * offer.reliability;
  const waitMinutes = (expected.readyMs + expected.restoreMs) / 60_000 / Math.max(0.05, 1 - failure);
  const pulledGb = pullGbOf(offer, known.terms) * pulls(known.racers);
  const traffic = offer.dollarsPerGbDown * (known.downloadGb + pulledGb);
  const over = failedLately(own, known.now);
  const rank =
    offer.dollarsPerHour * SESSION_HOURS +
    traffic +
    waitMinutes * DOLLARS_PER_WAITED_MINUTE +
    (over === null ? 0 : PASSED_OVER_DOLLARS);
  const seen = memory ? `seen ${memory.starts}×` : 'never seen';
  const complained = offer.reports ? `, renters complained ${offer.reports}×` : '';
  const start = `about ${Math.round(expected.readyMs / 1000)} s to start, ${Math.round((1 - failure) * 100)} % sure`;
  return { rank, why: `${over === null ? '' : `passed over: ${over}; `}${start}, ${seen}${complained}` };
}

/** RunPod does not say how fast its hosts are; most that do say so are faster. */
const UNKNOWN_MBPS = 500;

/**
 * How many images are pulled at a race's expense, while an hour is paid of one machine alone: the winner's whole, and of what
 * each loser pulls about half has come when it is let go.
 */
const pulls = (racers: number): number => 1 + (racers - 1) / 2;

/** What a host pulls at our expense before the machine runs. */
export const pullGbOf = (offer: Offer, terms: Knowledge['terms']): number => terms.get(offer.marketplace)?.imageGb ?? 0;

/** How long this one may take before another starts beside it. */
export function patienceWith(offer: Offer, { boots }: Knowledge, otherwiseMs: number): number {
  const market = [...boots].filter(([key]) => key.startsWith(`${offer.marketplace}/`)).flatMap(([, all]) => all);
  return patience(boots.get(`${offer.marketplace}/${offer.machine}`) ?? [], market, otherwiseMs);
}

interface Wish {
  readonly holds: (offer: Offer, need: Need) => boolean;
  /** What is said of an offer for which it does not hold. */
  readonly say: (need: Need) => string;
}

/** Everything a need can ask for, the price last: what it costs matters only for what fits. */
const WISHES: readonly Wish[] = [
  {
    holds: (offer, { kind }) => hasGpu(offer) !== (kind === 'cpu'),
    say: ({ kind }) => (kind === 'cpu' ? 'with a GPU' : 'without a GPU'),
  },
  { holds: (offer, { gpu }) => gpu === undefined || simple(offer.gpu) === simple(gpu), say: ({ gpu }) => `not ${gpu}` },
  {
    holds: (offer, { gpuCountMin = 0 }) => offer.gpuCount >= gpuCountMin,
    say: ({ gpuCountMin }) => `with fewer than ${gpuCountMin} GPUs`,
  },
  {
    holds: (offer, { vramGbMin = 0 }) => offer.vramGb >= vramGbMin,
    say: ({ vramGbMin }) => `with less than ${vramGbMin} GB of GPU memory`,
  },
  {
    holds: (offer, { regions }) => isIn(offer.region, regions),
    say: ({ regions }) => `outside of ${regions?.join(', ')}`,
  },
  {
    holds: (offer, { reliabilityMin = 0 }) => offer.reliability >= reliabilityMin,
    say: ({ reliabilityMin }) => `less reliable than ${reliabilityMin}`,
  },
  {
    holds: ({ downMbps }, { downMbpsMin = 0 }) => downMbps === null || downMbps >= downMbpsMin, // not known to be slower
    say: ({ downMbpsMin }) => `slower than ${downMbpsMin} Mbit/s`,
  },
  {
    holds: (offer, { diskGbMin = 0 }) => offer.diskGb >= diskGbMin,
    say: ({ diskGbMin }) => `with less than ${diskGbMin} GB of disk`,
  },
  {
    holds: (offer, { cudaMin }) => cudaMin === undefined || (offer.cuda ?? 0) >= cudaMin,
    say: ({ cudaMin }) => `with a CUDA older than ${cudaMin}`,
  },
  { holds: (offer, { verified }) => !verified || offer.verified, say: () => 'not verified' },
  { holds: (offer, { spot }) => !offer.spot || spot === true, say: () => 'interruptible' },
  {
    holds: (offer, { dollarsPerHourMax }) =>
      dollarsPerHourMax === undefined || offer.dollarsPerHour <= dollarsPerHourMax,
    say: ({ dollarsPerHourMax }) => `dearer than $${dollarsPerHourMax}/h`,
  },
];

/** Does the offer meet the need? The first thing that does not is the answer; null when it fits. */
export function misfit(offer: Offer, need: Need): string | null {
  return WISHES.find(({ holds }) => !holds(offer, need))?.say(need) ?? null;
}

/** Which wish removed the last of these offers, and how near they came. */
export function lastMisfit(offers: readonly Offer[], need: Need): string {
  let left = offers;
  for (const { holds, say } of WISHES) {
    const after = left.filter((offer) => holds(offer, need));
    if (after.length > 0 || left.length === 0) {
      left = after;
      continue;
    }
    const cheapest = Math.min(...left.map((offer) => offer.dollarsPerHour));
    const price = say(need).startsWith('dearer') ? `; the cheapest costs $${cheapest.toFixed(2)}/h` : '';
    const places = [...new Set(left.map(({ region }) => region))].toSorted().slice(0, PLACES);
    const where = say(need).startsWith('outside') ? `; they are in ${places.join(', ')}` : '';
    const others =
      left.length === offers.length ? 'all of them are' : `${left.length} fit otherwise, and all of these are`;
    return `${offers.length} machines are on offer; ${others} ${say(need)}${price}${where}`;
  }
  return `${left.length} machines fit and none of them could be had`;
}

/** So many regions are named to who asks for another. */
const PLACES = 12;

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
