import type { OfferSource, RankedOffer } from './domain/doors.ts';
import { Failure, isFailure, reasonOf } from './domain/failures.ts';
import type { Need, Offer } from './domain/marketplace.ts';
import { near } from './domain/near.ts';
import type { Marketplace, Ports } from './domain/ports.ts';
import { newestGood } from './domain/snapshot.ts';
import { remember } from './policy/hosts.ts';
import { type Knowledge, lastMisfit, misfit, ranking } from './policy/ranking.ts';

const REMEMBERED_MS = 60 * 24 * 3_600_000;
/** Node, the agent and restic, packed. */
const KIT_GB = 0.06;

/** What a marketplace offered, and when it said so. */
export interface Seen {
  readonly offers: readonly Offer[];
  readonly at: number;
}

/** `rough`: what was offered within the last minutes will do. */
export type AskOffers = (marketplace: Marketplace, need: Need, signal: AbortSignal, rough: boolean) => Promise<Seen>;

/** As races ask: before all who only look. */
const askNow =
  ({ clock }: Ports): AskOffers =>
  async (marketplace, need, signal) => ({ offers: await marketplace.offers(need, signal), at: clock.now() });

interface Offered {
  readonly ranked: readonly RankedOffer[];
  readonly none: string;
  readonly known: Knowledge;
  /** What those marketplaces said that did not answer. */
  readonly failed: Failure | null;
  readonly sources: readonly OfferSource[];
}

/** What every marketplace offers for this need, best first; and when that is nothing, the filter that removed the last ones. */
export async function offersFor(
  need: Need,
  workspace: string | null,
  ports: Ports,
  signal: AbortSignal,
  { racers = ports.settings.race.batch, ask = askNow(ports) }: { racers?: number; ask?: AskOffers } = {},
): Promise<Offered> {
  const { offers, failed, sources } = await found(need, ask, ports, signal, false);
  if (offers.length === 0 && failed !== null) throw failed;
  const fitting = offers.filter((offer) => misfit(offer, need) === null);
  const known = await knowledge(workspace, racers, ports);
  const ranked = ranking(fitting, known);
  const none = ranked.length > 0 ? '' : await whyNone(need, ask, ports, signal);
  return { ranked, known, none, failed, sources };
}

async function knowledge(workspace: string | null, racers: number, ports: Ports): Promise<Knowledge> {
  const { boots, byHost, memory } = await hostKnowledge(ports);
  const image = workspace === null ? null : ((await ports.store.read('workspaces', workspace))?.spec.image ?? null);
  const snapshots =
    workspace === null ? [] : (await ports.store.list('snapshots')).filter((one) => one.workspace === workspace);
  const downloadGb = KIT_GB + (newestGood(snapshots)?.sizeBytes ?? 0) / 1e9;
  const terms = new Map(
    [...ports.marketplaces].flatMap(([name, { terms: its }]) => (its ? [[name, its] as const] : [])),
  );
  return { memory, boots, byHost, image, downloadGb, racers, terms, now: ports.clock.now() };
}

/** Our own memory of hosts, from the journal of boots. */
export async function hostKnowledge(ports: Ports): Promise<Pick<Knowledge, 'memory' | 'boots' | 'byHost'>> {
  const entries = await ports.journals.read('boots', ports.clock.now() - REMEMBERED_MS);
  return {
    memory: remember(entries, ports.clock.now()),
    boots: Map.groupBy(entries, (boot) => `${boot.marketplace}/${boot.physical}`),
    byHost: Map.groupBy(entries, (boot) => `${boot.marketplace}/${boot.host}`),
  };
}

/**
 * Marketplaces leave out what does not fit, so with nothing left they are asked again for more: for every machine with that
 * GPU, and if there is none, for what GPUs there are.
 */
async function whyNone(need: Need, ask: AskOffers, ports: Ports, signal: AbortSignal): Promise<string> {
  const kind = { gpu: need.gpu, spot: need.spot, kind: need.kind };
  const alike = await found(kind, ask, ports, signal, true);
  if (alike.offers.some((offer) => misfit(offer, kind) === null))
    return lastMisfit(
      alike.offers.filter((offer) => misfit(offer, kind) === null),
      need,
    );
  if (alike.failed !== null) return reasonOf(alike.failed);
  if (need.gpu === undefined) return 'the marketplaces offer nothing at all right now';
  const { offers } = await found({ spot: need.spot }, ask, ports, signal, true);
  const names = [...new Set(offers.map(({ gpu }) => gpu))];
  const bare = new Map(names.map((name) => [bareOf(name), name]));
  const meant = near(bareOf(need.gpu), [...bare.keys()]).map((name) => bare.get(name) ?? name);
  const hint = meant.length > 0 ? `did you mean ${meant.join(' or ')}` : `there are ${names.toSorted().join(', ')}`;
  return `nobody offers a GPU named "${need.gpu}" right now; ${hint}`;
}

/** People leave spaces and dashes out, and these are no mistakes. */
const bareOf = (gpu: string): string => gpu.toUpperCase().replace(/[^A-Z0-9]/g, '');

interface Found {
  readonly offers: readonly Offer[];
  /** What marketplaces said that did not answer. */
  readonly failed: Failure | null;
  readonly sources: readonly OfferSource[];
}

async function found(need: Need, ask: AskOffers, ports: Ports, signal: AbortSignal, rough: boolean): Promise<Found> {
  const asked = [...ports.marketplaces.values()];
  const answers = await Promise.allSettled(asked.map((marketplace) => ask(marketplace, need, signal, rough)));
  signal.throwIfAborted();
  const offers: Offer[] = [];
  const known: Failure[] = [];
  const sources = answers.map((answer, i): OfferSource => {
    const marketplace = asked[i]?.name ?? '';
    if (answer.status === 'fulfilled') {
      offers.push(...answer.value.offers);
      return { marketplace, at: answer.value.at, offers: answer.value.offers.length, failed: null };
    }
    const reason: unknown = answer.reason;
    if (!isFailure(reason)) throw reason;
    known.push(reason);
    ports.log('offers.not_read', { why: reasonOf(reason) }, 'WARNING');
    return { marketplace, at: ports.clock.now(), offers: 0, failed: reasonOf(reason) };
  });
  return { offers, failed: all(known), sources };
}

/** One failure that says them all: who mends the first wants to know of the second. It passes when one of them does. */
function all(known: readonly Failure[]): Failure | null {
  const [first, ...others] = known.toSorted((a, b) => Number(b.row.retry) - Number(a.row.retry));
  if (!first || others.length === 0) return first ?? null;
  const why = [first.facts.why, ...others.map(reasonOf)].join('; ');
  return new Failure(first.code, { ...first.facts, why }, { cause: first });
}
