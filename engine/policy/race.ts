import { type Machine, RACING } from '../domain/lifecycle.ts';
import type { Offer } from '../domain/marketplace.ts';
import { costOf, dollars, type MicroDollars, microDollars } from '../domain/money.ts';
import type { Race, RacePlan, Racer, Verdict } from '../domain/race.ts';
import type { Settings } from '../domain/settings.ts';
import type { Wish } from '../domain/workspace.ts';

/** How each race for a wish is run: with the cap that came with it, or else the usual one. */
export function planFor({ capDollars }: Wish, { race }: Settings): RacePlan {
  return capDollars === null ? race : { ...race, capMicro: microDollars(capDollars) };
}

/** What the race looks like right now. */
export interface RaceSight {
  readonly race: Race;
  /** The rows of its racers; a racer whose row is not there yet is about to be written. */
  readonly machines: ReadonlyMap<string, Machine>;
  /** Somebody still wants the workspace awake. */
  readonly wanted: boolean;
  /** No marketplace has anything left that fits. */
  readonly dry: boolean;
  /** Why no machine at all could be made usable: a password that does not open the repository, say. */
  readonly hopeless: string | null;
  readonly now: number;
}

/** What to do next, and the one sentence that says why. Everything in it may be done twice. */
export interface RaceMove {
  /** Rent this many more, in this round. */
  readonly rent: { readonly count: number; readonly round: number } | null;
  readonly claim: string | null;
  readonly release: readonly (Verdict & { readonly machine: string })[];
  readonly end: { readonly winner: string | null; readonly why: string } | null;
  readonly waitMs: number;
  readonly why: string;
}

const NOTHING: RaceMove = { rent: null, claim: null, release: [], end: null, waitMs: 1_000, why: '' };

/**
 * The rules of the race. Batches start together; the first machine that is really ready gets the claim; it has won when
 * somebody can work on it. Earlier rounds stay while they show progress, and never more machines than the plan's limit
 * are billed at once.
 */
export function decide(sight: RaceSight): RaceMove {
  const field = fieldOf(sight);
  if (!sight.wanted) return finish(field, null, 'nobody wants it awake any more');

  if (sight.hopeless !== null) return finish(field, null, sight.hopeless);

  const holder = sight.race.claimed === null ? undefined : sight.machines.get(sight.race.claimed);
  if (holder && isUsable(holder)) return finish(field, holder.id, `${holder.id} is usable`);
  if (holder && isLive(holder)) return followHolder(field, holder, sight);

  const ready = field.live.filter((machine) => machine.state === 'standing-by').toSorted(byReadiness)[0];
  if (ready) return { ...NOTHING, claim: ready.id, waitMs: 0, why: `${ready.id} was ready first` };

  const slow = field.live.filter((machine) => isSlow(machine, sight));
  const racing = field.live.filter((machine) => !slow.includes(machine));
  const move = widen(sight, racing, field);
  const tooSlow = { why: `slow: no progress for ${seconds(sight.race.plan.roundMs)} s`, slow: true };
  const release = slow.map((machine) => ({ machine: machine.id, ...tooSlow }));
  // Those that were let go bill us until they are surely gone; then there is room for others.
  const full = field.billed >= sight.race.plan.billedMax && isOpen(sight.race);
  if (move.rent === null && racing.length === 0 && field.pending === 0 && !full) {
    return { ...finish(field, null, move.why), release: [...release] };
  }
  return { ...move, release };
}

const isOpen = ({ racers, plan }: Race): boolean => racers.length < plan.batch * plan.rounds;

interface Field {
  readonly live: readonly Machine[];
  /** Racers whose row does not exist yet. */
  readonly pending: number;
  /** What may bill us: whoever was let go does so until it is surely gone. */
  readonly billed: number;
}

function fieldOf(sight: RaceSight): Field {
  const rows = sight.race.racers.map((racer) => sight.machines.get(racer.machine));
  return {
    live: rows.filter((row) => row !== undefined).filter((row) => isLive(row) && !(row.id in sight.race.verdicts)),
    pending: rows.filter((row) => row === undefined).length,
    billed: rows.filter((row) => row?.state !== 'gone').length,
  };
}

const isLive = (machine: Machine): boolean => RACING.has(machine.state) || machine.state === 'restoring';
const isUsable = (machine: Machine): boolean => machine.entered.running !== undefined;

/** The winner restores. One runner-up may live until it is usable; the others go, the dearest first. */
function followHolder(field: Field, holder: Machine, sight: RaceSight): RaceMove {
  const { plan } = sight.race;
  const heldMs = sight.now - (holder.entered.restoring ?? holder.since);
  const others = field.live.filter((machine) => machine.id !== holder.id);
  const runnerUp = heldMs < plan.runnerUpMs ? others.toSorted(byReadiness)[0] : undefined;
  const release = others
    .filter((machine) => machine !== runnerUp)
    .toSorted((a, b) => b.offer.dollarsPerHour - a.offer.dollarsPerHour)
    .map((machine) => ({ machine: machine.id, why: `${holder.id} was ready first`, slow: false }));
  // What the holder does rings the bell; only the end of the runner-up's time has to be waited for.
  const waitMs = runnerUp ? plan.runnerUpMs - heldMs : 60_000;
  return { ...NOTHING, release, waitMs, why: `${holder.id} restores` };
}

/** Starts the next machines when it is time: the first batch, a replacement, the next round. */
function widen(sight: RaceSight, racing: readonly Machine[], field: Field): RaceMove {
  const { race, now } = sight;
  const { plan } = race;
  const total = plan.batch * plan.rounds;
  const round = race.racers.reduce((highest, racer) => Math.max(highest, racer.round), 0);
  const roundEnds = roundStart(race.racers, round) + plan.roundMs;
  const room = Math.min(total - race.racers.length, plan.billedMax - field.billed);

  if (round === 0) return rent(sight, Math.min(plan.batch, room), 1, 'the race begins');
  if (race.racers.length >= total) {
    return { ...NOTHING, waitMs: waitFor(roundEnds, now), why: `all ${total} machines of the plan were tried` };
  }
  // Others start beside one whose line is slow: its tools may take long.
  const { installMs } = plan.deadlines;
  const almost = field.live.filter(
    ({ state, since, entered }) => state === 'installing' && now - (entered.installing ?? since) < installMs,
  ).length;
  if (almost > 0) return { ...NOTHING, why: `${almost} machines answer and get their tools` };
  if (plan.hedged) return hedge(sight, racing, field, round, room);
  if (now >= roundEnds && round < plan.rounds) {
    const why = `nothing was ready after ${seconds(plan.roundMs)} s`;
    return rent(sight, Math.min(plan.batch, room), round + 1, why);
  }
  const ofRound = race.racers.filter((racer) => racer.round === round);
  const fallen = ofRound.filter((racer) => hasFallen(racer, sight)).length;
  const standing = ofRound.length - fallen;
  if (standing < plan.batch && room > 0) {
    return rent(sight, Math.min(plan.batch - standing, room), round, `replaces ${fallen} that fell out`);
  }
  return { ...NOTHING, waitMs: waitFor(roundEnds, now), why: `round ${round}: ${racing.length} machines on their way` };
}

/** A batch of machines that are not late yet is always on its way; the late ones stay while they show progress. */
function hedge(sight: RaceSight, racing: readonly Machine[], field: Field, round: number, room: number): RaceMove {
  const { race, now } = sight;
  const lateAt = new Map(race.racers.map((racer) => [racer.machine, lateFrom(racer, sight)]));
  const inTime = racing.filter((machine) => now < (lateAt.get(machine.id) ?? 0));
  const missing = race.plan.batch - inTime.length - field.pending;
  const late = racing.length - inTime.length;
  if (missing > 0 && room > 0) {
    const why = late > 0 ? `${late} are later than their hosts usually are` : `replaces ${missing} that fell out`;
    return rent(sight, Math.min(missing, room), round + 1, why);
  }
  const next = Math.min(...inTime.map((machine) => lateAt.get(machine.id) ?? 0));
  const waitMs = Number.isFinite(next) ? waitFor(next, now) : waitFor(now + race.plan.roundMs / 2, now);
  return { ...NOTHING, waitMs, why: `${racing.length} machines on their way, ${late} of them late` };
}

/** Counted from when it was asked for; one that waits for its turn at the marketplace is not late. */
function lateFrom({ machine, patienceMs }: Racer, { race, machines }: RaceSight): number {
  const departedAt = machines.get(machine)?.departedAt ?? null;
  return departedAt === null ? Number.POSITIVE_INFINITY : departedAt + (patienceMs ?? race.plan.roundMs);
}

function rent(sight: RaceSight, count: number, round: number, why: string): RaceMove {
  const { race, now, dry } = sight;
  if (dry) return { ...NOTHING, why: 'no other machine on offer fits' };
  if (count <= 0) return { ...NOTHING, why: `${race.plan.billedMax} machines are billed already` };
  const spent = costOfRace(sight);
  if (spent >= race.plan.capMicro)
    return { ...NOTHING, why: `the cap of ${dollars(race.plan.capMicro)} for one wake is reached` };
  return { ...NOTHING, rent: { count, round }, waitMs: waitFor(now + race.plan.roundMs, now), why };
}

/** Those of these offers that fit under the cap together, each counted as if it ran for a whole round. */
export function underCap(
  sight: RaceSight,
  offers: readonly Offer[],
  pullGb: (offer: Offer) => number,
): readonly Offer[] {
  let left = sight.race.plan.capMicro - reservedIn(sight);
  return offers.filter((offer) => {
    const costs = roundOf(offer, pullGb(offer), sight);
    if (costs > left) return false;
    left -= costs;
    return true;
  });
}

/** What its machines have cost; one that still bills us, a whole round at least. */
function reservedIn(sight: RaceSight): MicroDollars {
  return sight.race.racers.reduce((sum, racer) => {
    const cost = costOfRacer(racer, sight);
    if (sight.machines.get(racer.machine)?.state === 'gone') return sum + cost;
    return sum + Math.max(cost, roundOf(racer.offer, racer.pullGb ?? 0, sight));
  }, 0);
}

const roundOf = ({ dollarsPerHour, dollarsPerGbDown }: Offer, pullGb: number, { race }: RaceSight): MicroDollars =>
  costOf(dollarsPerHour, race.plan.roundMs) + microDollars(dollarsPerGbDown * pullGb);

/** What all of the race's machines have cost until now, at their own rates, and what their hosts pulled for them. */
export function costOfRace(sight: Pick<RaceSight, 'race' | 'machines' | 'now'>): MicroDollars {
  return sight.race.racers.reduce((sum, racer) => sum + costOfRacer(racer, sight), 0);
}

function costOfRacer(racer: Racer, { machines, now }: Pick<RaceSight, 'machines' | 'now'>): MicroDollars {
  const machine = machines.get(racer.machine);
  if (!machine || machine.departedAt === null) return 0;
  const pull = microDollars(racer.offer.dollarsPerGbDown * (racer.pullGb ?? 0));
  return pull + costOf(racer.offer.dollarsPerHour, (machine.entered.gone ?? now) - machine.departedAt);
}

/** A machine that boots longer than a round without a sign of progress for half of one. */
function isSlow(machine: Machine, sight: RaceSight): boolean {
  if (machine.state !== 'booting' || machine.departedAt === null) return false;
  const stirredAt = Math.max(machine.entered.booting ?? 0, machine.stirredAt ?? 0);
  return bootsTooLong(machine.departedAt, stirredAt, sight.race.plan.roundMs, sight.now);
}

/** A round has passed since it was asked for, and half of one without a sign of progress. */
export function bootsTooLong(askedAt: number, stirredAt: number, roundMs: number, now: number): boolean {
  return now - askedAt >= roundMs && now - stirredAt >= roundMs / 2;
}

function hasFallen(racer: Racer, sight: RaceSight): boolean {
  const machine = sight.machines.get(racer.machine);
  return racer.machine in sight.race.verdicts || (machine !== undefined && !isLive(machine));
}

function finish(field: Field, winner: string | null, why: string): RaceMove {
  const release = field.live
    .filter((machine) => machine.id !== winner)
    .map((machine) => ({ machine: machine.id, why, slow: false }));
  return { ...NOTHING, release, end: { winner, why }, waitMs: 0, why };
}

function roundStart(racers: readonly Racer[], round: number): number {
  return racers
    .filter((racer) => racer.round === round)
    .reduce((first, racer) => Math.min(first, racer.at), Number.POSITIVE_INFINITY);
}

/** Furthest on its way first; among equals the one that got there first, then the cheaper. */
function byReadiness(a: Machine, b: Machine): number {
  const order = ['renting', 'booting', 'installing', 'standing-by'];
  return (
    order.indexOf(b.state) - order.indexOf(a.state) ||
    a.since - b.since ||
    a.offer.dollarsPerHour - b.offer.dollarsPerHour
  );
}

/** Past that moment only a machine that turns slow by the clock changes anything. */
const waitFor = (then: number, now: number): number => (then > now ? Math.min(then - now, 60_000) : 5_000);
const seconds = (ms: number): number => Math.round(ms / 1000);
