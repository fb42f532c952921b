import type { RankedOffer } from './domain/doors.ts';
import { isFailure, reasonOf } from './domain/failures.ts';
import type { Boot } from './domain/journals.ts';
import type { Need, Offer } from './domain/marketplace.ts';
import type { Ports } from './domain/ports.ts';
import { newestGood } from './domain/snapshot.ts';
import { remember } from './policy/hosts.ts';
import { type Knowledge, misfit, ranking } from './policy/ranking.ts';

const REMEMBERED_MS = 60 * 24 * 3_600_000;
/** Node, the agent and restic, packed. */
const KIT_GB = 0.06;

/** What every marketplace offers for this need, best first; and when that is nothing, the filter that removed the last ones. */
export async function offersFor(
  need: Need,
  workspace: string | null,
  ports: Ports,
  signal: AbortSignal,
): Promise<{ readonly ranked: readonly RankedOffer[]; readonly none: string; readonly known: Knowledge }> {
  const answers = await Promise.allSettled(
    [...ports.marketplaces.values()].map((marketplace) => marketplace.offers(need, signal)),
  );
  signal.throwIfAborted();
  const failed = answers.filter((answer) => answer.status === 'rejected').map((answer) => answer.reason as unknown);
  for (const reason of failed) if (!isFailure(reason)) throw reason;
  if (failed.length > 0 && failed.length === answers.length) throw failed[0];
  const offers = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  const fitting = offers.filter((offer) => misfit(offer, need) === null);
  const known = await knowledge(workspace, ports);
  const ranked = ranking(fitting, known);
  return { ranked, known, none: whyNone(offers, need, failed) };
}

async function knowledge(workspace: string | null, ports: Ports): Promise<Knowledge> {
  const { boots, memory } = await hostKnowledge(ports);
  const snapshots =
    workspace === null ? [] : (await ports.store.list('snapshots')).filter((one) => one.workspace === workspace);
  const downloadGb = KIT_GB + (newestGood(snapshots)?.sizeBytes ?? 0) / 1e9;
  const terms = new Map(
    [...ports.marketplaces].flatMap(([name, { terms: its }]) => (its ? [[name, its] as const] : [])),
  );
  return { memory, boots, downloadGb, terms, now: ports.clock.now() };
}

/** Our own memory of hosts, from the journal of boots. */
export async function hostKnowledge(
  ports: Ports,
): Promise<{ memory: ReturnType<typeof remember>; boots: ReadonlyMap<string, readonly Boot[]> }> {
  const entries = await ports.journals.read('boots', ports.clock.now() - REMEMBERED_MS);
  return { memory: remember(entries), boots: Map.groupBy(entries, (boot) => `${boot.marketplace}/${boot.physical}`) };
}

function whyNone(offers: readonly Offer[], need: Need, failed: readonly unknown[]): string {
  if (offers.length === 0) return failed.length > 0 ? reasonOf(failed[0]) : 'the marketplaces offer nothing for it';
  const reasons = Map.groupBy(offers, (offer) => misfit(offer, need) ?? 'fits');
  const [most] = [...reasons].toSorted(([, a], [, b]) => b.length - a.length);
  return `${offers.length} machines on offer, of which ${most?.[1].length} are ${most?.[0]}`;
}
