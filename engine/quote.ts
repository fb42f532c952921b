import { restoreOf } from './backups/plans.ts';
import type { Quote, WakeChoice } from './domain/doors.ts';
import { Failure } from './domain/failures.ts';
import type { Ports } from './domain/ports.ts';
import { newestGood } from './domain/snapshot.ts';
import type { Workspace } from './domain/workspace.ts';
import { type AskOffers, offersFor } from './offers.ts';
import { spread } from './policy/ranking.ts';
import { timesOf } from './policy/times.ts';

/** What a wake would cost and how long it would take, from what marketplaces offer now and from earlier wakes. */
export async function quoteFor(workspace: Workspace, how: WakeChoice, ask: AskOffers, ports: Ports): Promise<Quote> {
  const { race } = ports.settings;
  const need = { ...workspace.spec.need, ...how.need };
  const { ranked, none, known } = await offersFor(need, workspace.id, ports, AbortSignal.timeout(LOOK_MS), { ask });
  if (ranked.length === 0) throw new Failure('no_offers', { why: none });
  const first = spread(ranked, [], race.batch, known.terms);
  const snapshots = (await ports.store.list('snapshots')).filter((snapshot) => snapshot.workspace === workspace.id);
  const snapshot =
    how.snapshot === undefined
      ? newestGood(snapshots)
      : (snapshots.find(({ id }) => id.startsWith(how.snapshot ?? '')) ?? null);
  const prices = first.map((offer) => offer.dollarsPerHour);
  const restoreBytes = snapshot?.sizeBytes ?? 0;
  return {
    usable: await pastWakes(workspace.id, ports),
    dollarsPerHour: { low: Math.min(...prices), high: Math.max(...prices) },
    capMicro: how.capDollars === undefined ? race.capMicro : Math.round(how.capDollars * 1e6),
    restoreBytes,
    restore: restoreOf(restoreBytes, workspace.spec.wakeImage, ports.settings),
    restoreDollars: (Math.max(...first.map((offer) => offer.dollarsPerGbDown)) * restoreBytes) / 1e9,
    firstRound: ranked.filter(({ offer }) => first.includes(offer)),
  };
}

const LOOK_MS = 60_000;

/**
 * How long people waited, from the beginning of a race until somebody could work: what the losers and the rounds before the
 * winner took is in it. Its own wakes say it best, since they bring the same files; with few of them all workspaces' count.
 */
async function pastWakes(workspace: string, ports: Ports): Promise<Quote['usable']> {
  const machines = new Map((await ports.store.list('machines')).map((row) => [row.id, row]));
  const wakes = (await ports.store.list('races')).flatMap(({ outcome, need, startedAt, endedAt, workspace: whose }) => {
    if (!outcome?.winner || need.kind === 'cpu' || endedAt === null) return [];
    return [{ whose, ms: (machines.get(outcome.winner)?.entered.running ?? endedAt) - startedAt }];
  });
  const own = wakes.filter(({ whose }) => whose === workspace);
  const counted = own.length >= OWN_WAKES ? own : wakes;
  const times = timesOf(counted.map(({ ms }) => ms));
  return times && { ...times, own: counted === own };
}

const OWN_WAKES = 5;
