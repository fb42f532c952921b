import { Failure, isFailure, reasonOf } from './domain/failures.ts';
import { labelOf } from './domain/layout.ts';
import { intend } from './domain/lifecycle.ts';
import type { Offer } from './domain/marketplace.ts';
import type { Ports } from './domain/ports.ts';
import type { Race } from './domain/race.ts';
import { wakeFrom } from './domain/workspace.ts';
import { whyNotSpend } from './money/budgets.ts';
import { offersFor } from './offers.ts';
import { PARTS, type Parts } from './parts.ts';
import { costOfRace, type RaceMove, type RaceSight, underCap } from './policy/race.ts';
import { type Knowledge, patienceWith, pullGbOf, spread } from './policy/ranking.ts';
import { quantile } from './policy/times.ts';
import { report } from './report.ts';
import { askToYield, endYield } from './standby.ts';
import { describe } from './steps/describe.ts';
import { raceBell, rowsBell, workspaceBell } from './steps/step.ts';
import { validate } from './steps/vault.ts';

/** Executes what `policy/race.ts` decides, from the saved row: a crash anywhere resumes the race where it was. */
export async function runRace(id: string, ports: Ports, signal: AbortSignal, { decide }: Parts = PARTS): Promise<void> {
  using ear = ports.bell.listen(raceBell(id));
  let dry: string | null = null;
  let wait: Wait | null = null;
  let hopeless: string | null = null;
  prepare(id, ports, signal).catch((cause: unknown) => {
    if (!isFailure(cause)) report('race.unprepared', cause, ports, signal, { race: id });
    // What can pass is tried again by the winner; the rest would meet each of fifteen machines alike.
    if (!isFailure(cause) || cause.row.retry) return;
    hopeless = reasonOf(cause);
    ports.bell.ring(raceBell(id));
  });
  for (;;) {
    signal.throwIfAborted();
    const race = await ports.store.read('races', id);
    if (!race || race.endedAt !== null) return;
    await writeIntents(race, ports);
    const sight = { ...(await look(race, ports)), dry: dry !== null, hopeless };
    const move = decide(sight);
    if (move.end) {
      await end(
        race,
        sight,
        { ...move, end: { ...move.end, why: move.end.winner === null && dry ? dry : move.end.why } },
        ports,
      );
      return;
    }
    const released = await release(race, move, ports);
    const restMs = move.rent && wait ? wait.askAt - ports.clock.now() : 0;
    if (move.claim !== null) {
      if (!(await claim(released, move.claim, sight, ports))) await ear.wait(YIELD_LOOK_MS, signal);
    } else if (move.rent && restMs <= 0) {
      const lack = await rent(released, move.rent, sight, move.why, ports, signal);
      wait = lack?.passes ? longer(wait, race, ports.clock.now()) : null;
      if (wait) ports.log('race.waits', { workspace: race.workspace, race: id, why: lack?.why }, 'WARNING');
      else dry = lack?.why ?? null;
    } else await ear.wait(move.rent ? restMs : move.waitMs, signal);
  }
}

/** Why no machine was rented. It `passes` where a marketplace is silent for a moment, or the cap may have room again. */
interface Lack {
  readonly why: string;
  readonly passes: boolean;
}

/** Since when marketplaces have been asked again, and when next. */
interface Wait {
  readonly since: number;
  readonly askAt: number;
}

const ASK_AGAIN_MS = 2_000;
const ASK_AGAIN_MAX_MS = 15_000;

/** Asked less and less often, for as long as all rounds of a race take; null: that long is over. */
function longer(before: Wait | null, { plan }: Race, now: number): Wait | null {
  const since = before?.since ?? now;
  if (now - since >= plan.rounds * plan.roundMs) return null;
  return { since, askAt: now + Math.min(Math.max(now - since, ASK_AGAIN_MS), ASK_AGAIN_MAX_MS) };
}

/** Makes the repository while machines boot, or looks whether it is whole, so that the winner does not wait for it. */
async function prepare(id: string, ports: Ports, signal: AbortSignal): Promise<void> {
  const race = await ports.store.read('races', id);
  const workspace = race && (await ports.store.read('workspaces', race.workspace));
  if (!workspace) return;
  const snapshots = (await ports.store.list('snapshots')).filter((snapshot) => snapshot.workspace === workspace.id);
  const snapshot = wakeFrom(workspace, snapshots);
  await describe(workspace, ports, signal);
  if (snapshot === null) return await ports.repositories.ensure(workspace, signal);
  await validate(workspace, snapshot, ports, signal);
  if (!(await ports.repositories.snapshot(workspace, snapshot.id, signal)))
    throw new Failure('no_such_snapshot', {
      snapshot: snapshot.id.slice(0, 8),
      workspace: `${workspace.id} in storage`,
    });
}

async function look(race: Race, ports: Ports): Promise<Omit<RaceSight, 'dry' | 'hopeless'>> {
  const rows = await Promise.all(race.racers.map((racer) => ports.store.read('machines', racer.machine)));
  const workspace = await ports.store.read('workspaces', race.workspace);
  return {
    race,
    machines: new Map(rows.filter((row) => row !== null).map((row) => [row.id, row])),
    wanted: workspace?.wish.want === 'awake',
    now: ports.clock.now(),
  };
}

/** A racer is in the race's row before its own row exists; a crash in between leaves it to be written here. */
async function writeIntents(race: Race, ports: Ports): Promise<void> {
  for (const racer of race.racers) {
    if (await ports.store.read('machines', racer.machine)) continue;
    const origin = {
      id: racer.machine,
      workspace: race.workspace,
      race: race.id,
      label: racer.label,
      marketplace: racer.offer.marketplace,
      offer: racer.offer,
    };
    await ports.store.save('machines', intend(origin, `round ${racer.round}`, ports.clock.now()));
    ports.bell.ring(rowsBell);
  }
}

async function release(race: Race, move: RaceMove, ports: Ports): Promise<Race> {
  const fresh = move.release.filter(({ machine }) => !(machine in race.verdicts));
  if (fresh.length === 0) return race;
  const verdicts = {
    ...race.verdicts,
    ...Object.fromEntries(fresh.map(({ machine, ...verdict }) => [machine, verdict])),
  };
  const saved = await ports.store.save('races', { ...race, verdicts });
  ports.bell.ring(raceBell(race.id));
  return saved;
}

/** Between two looks at a standby that makes room. */
const YIELD_LOOK_MS = 2_000;

/** False: it is not its turn yet, since a standby that holds the workspace is saved first. */
async function claim(race: Race, machine: string, sight: RaceSight, ports: Ports): Promise<boolean> {
  // The last holder fell before anybody could work on it; its claim must not stand in the way.
  if (race.claimed !== null && race.claimed !== machine) await ports.store.unclaim(race.workspace, race.claimed);
  const epoch = await ports.store.claim(race.workspace, machine, sight.now);
  if (epoch === null) {
    if (await askToYield(race, machine, ports)) return false;
    await end(race, sight, { ...STOP, end: { winner: null, why: 'another machine holds the workspace' } }, ports);
    return true;
  }
  await endYield(race.workspace, machine, ports);
  await ports.store.save('races', { ...race, claimed: machine });
  ports.log('race.claimed', { workspace: race.workspace, race: race.id, machine, epoch });
  ports.bell.ring(raceBell(race.id));
  return true;
}

const STOP: RaceMove = { rent: null, claim: null, release: [], end: null, waitMs: 0, why: '' };

/** Picks the next machines. */
async function rent(
  race: Race,
  wanted: { count: number; round: number },
  sight: RaceSight,
  why: string,
  ports: Ports,
  signal: AbortSignal,
): Promise<Lack | null> {
  const spent = await whyNotSpend(race.workspace, ports);
  if (spent !== null) return { why: spent, passes: false };
  let offers: readonly Offer[];
  let marketDollarsPerHour = race.marketDollarsPerHour;
  let known: Knowledge;
  try {
    const found = await offersFor(race.need, race.workspace, ports, signal, { racers: race.plan.batch });
    const { ranked, none } = found;
    const passes = found.failed?.row.retry ?? false;
    if (ranked.length === 0) return { why: none, passes };
    marketDollarsPerHour ??= quantile(
      ranked.map(({ offer }) => offer.dollarsPerHour),
      0.5,
    );
    known = found.known;
    const pullGb = (offer: Offer): number => pullGbOf(offer, found.known.terms);
    const refused = refusals(sight);
    const open = ranked.filter(({ offer }) => !refused.has(offer.marketplace));
    if (open.length === 0) return { why: [...refused.values()].join('; '), passes };
    // What is too dear by itself takes no place of what is not.
    const payable = open.filter(({ offer }) => underCap(sight, [offer], pullGb).length > 0);
    const picked = spread(
      payable,
      race.racers.map((racer) => racer.offer),
      wanted.count,
      known.terms,
    );
    offers = underCap(sight, picked, pullGb);
    if (offers.length === 0) {
      const tooDear = payable.length < open.length;
      // A machine that falls frees what was reserved for it once it is gone.
      const frees = tooDear && [...sight.machines.values()].some(({ state }) => state !== 'gone');
      return { why: tooDear ? TOO_DEAR : ALL_TRIED, passes: passes || frees };
    }
  } catch (cause) {
    signal.throwIfAborted();
    if (!isFailure(cause)) throw cause;
    return { why: reasonOf(cause), passes: cause.row.retry };
  }
  const now = ports.clock.now();
  const racers = offers.map((offer) => {
    const machine = ports.newId('m');
    return {
      machine,
      label: labelOf(ports.settings.installation, machine, race.workspace),
      offer,
      round: wanted.round,
      at: now,
      patienceMs: patienceWith(offer, known, race.plan.roundMs),
      pullGb: pullGbOf(offer, known.terms),
    };
  });
  const first = race.racers.length === 0;
  const saved = await ports.store.save('races', {
    ...race,
    marketDollarsPerHour,
    racers: [...race.racers, ...racers],
  });
  const told = { workspace: race.workspace, race: race.id, machines: racers.length, why };
  ports.tell(first ? { event: 'race.began', ...told } : { event: 'race.round', ...told, round: wanted.round });
  await writeIntents(saved, ports);
  return null;
}

const ALL_TRIED = 'every machine on offer that fits was tried';
const TOO_DEAR = 'the next machine would pass the cap for one wake';

/** Marketplaces that rent nothing to this account now, and why. */
function refusals({ machines }: RaceSight): ReadonlyMap<string, string> {
  return new Map(
    [...machines.values()].flatMap(({ marketplace, refused }) => (refused ? [[marketplace, refused] as const] : [])),
  );
}

async function end(race: Race, sight: RaceSight, move: RaceMove, ports: Ports): Promise<void> {
  const { winner, why } = move.end ?? { winner: null, why: move.why };
  const verdicts = {
    ...race.verdicts,
    ...Object.fromEntries(move.release.map(({ machine, ...verdict }) => [machine, verdict])),
  };
  const won =
    winner === null
      ? 0
      : costOfRace({ ...sight, race: { ...race, racers: race.racers.filter((racer) => racer.machine === winner) } });
  const wasteMicro = costOfRace(sight) - won;
  await ports.store.save('races', {
    ...race,
    verdicts,
    endedAt: ports.clock.now(),
    outcome: { winner, why, wasteMicro, counted: false },
  });
  ports.log('race.ended', { workspace: race.workspace, race: race.id, winner, why, wasteMicro });
  ports.tell({ event: 'race.ended', workspace: race.workspace, race: race.id, winner, why, wasteMicro });
  const usable = winner === null ? undefined : sight.machines.get(winner)?.entered.running;
  if (winner !== null && usable !== undefined) {
    ports.tell({ event: 'workspace.usable', workspace: race.workspace, machine: winner, ms: usable - race.startedAt });
  }
  for (const bell of [raceBell(race.id), workspaceBell(race.workspace), rowsBell]) ports.bell.ring(bell);
}
