import type { HostMemory, Times } from '../domain/doors.ts';
import type { Boot } from '../domain/journals.ts';
import type { State } from '../domain/lifecycle.ts';
import { quantile, timesOf } from './times.ts';

/** The stages of a start until the machine stands ready, and what a host we do not know is taken to need for each. */
const FIELD_MS = { renting: 3_000, booting: 50_000, installing: 7_000 } as const satisfies Partial<
  Record<State, number>
>;
type ReadyStage = keyof typeof FIELD_MS;
const READY_STAGES = Object.keys(FIELD_MS) as readonly ReadyStage[];

/** And how likely it is to fail. */
const FIELD_FAILURE = 0.2;

const HOUR = 3_600_000;
const HALF_LIFE_MS = 14 * 24 * HOUR;

/** What the journal of boots says about each physical machine. */
export function remember(boots: readonly Boot[], now: number): ReadonlyMap<string, HostMemory> {
  const byMachine = Map.groupBy(boots, (boot) => `${boot.marketplace}/${boot.physical}`);
  const usual = quantile(readyTimes(startsOf(boots)), 0.5);
  return new Map([...byMachine].map(([key, entries]) => [key, memoryOf(entries, usual, now)]));
}

/** P50 and P95 of each stage, of what went well. */
export function stageTimes(boots: readonly Boot[]): Partial<Record<State, Times>> {
  const byStage = Map.groupBy(
    boots.filter(({ ok }) => ok),
    ({ stage }) => stage,
  );
  return Object.fromEntries([...byStage].map(([stage, of]) => [stage, timesOf(of.map(({ ms }) => ms))]));
}

export interface Wanted {
  readonly image: string | null;
  /** To restore, and how long its line alone would take for that. */
  readonly restoreGb: number;
  readonly restoreMs: number;
  /** Somebody else's complaints about it. Each counts like a quarter of a failed start. */
  readonly reports?: number | undefined;
}

export interface Expected {
  readonly readyMs: number;
  readonly restoreMs: number;
  readonly failure: number;
}

/**
 * How long each stage of a start on it is expected to take, and how likely it is to fail. Starts of another image on it say
 * half as much, and what its owner's other machines did a quarter; what was long ago fades.
 */
export function expectation(own: readonly Boot[], kin: readonly Boot[], wanted: Wanted, now: number): Expected {
  // Two starts' worth of the field's average keep one lucky or unlucky start from deciding.
  const ready = {
    renting: prior(FIELD_MS.renting),
    booting: prior(FIELD_MS.booting),
    installing: prior(FIELD_MS.installing),
  };
  const restore = prior(wanted.restoreMs);
  const complaints = 0.25 * Math.min(wanted.reports ?? 0, REPORTS_MAX);
  const failure = { weight: 2 + complaints, sum: 2 * FIELD_FAILURE + complaints };
  for (const [boots, worth] of [
    [own, 1],
    [kin, 0.25],
  ] as const) {
    const shareOf = (boot: Boot): number => worth * (isOther(boot, wanted) ? 0.5 : 1) * freshness(boot.at, now);
    for (const boot of boots) {
      const { stage } = boot;
      if (stage === 'restoring') add(restore, boot.ms, shareOf(boot) * alike(boot.restoredGb, wanted.restoreGb));
      else if (isReadyStage(stage))
        // What ended at once was not quick; one that was given up counts with what it was waited for.
        add(ready[stage], boot.ok ? boot.ms : Math.max(boot.ms, FIELD_MS[stage]), shareOf(boot));
    }
    for (const { last, ok } of judged(boots)) add(failure, ok ? 0 : 1, shareOf(last));
  }
  return {
    readyMs: READY_STAGES.reduce((sum, stage) => sum + mean(ready[stage]), 0),
    restoreMs: mean(restore),
    failure: Math.min(1, mean(failure)),
  };
}

/** However many complained: our own starts say more. */
const REPORTS_MAX = 16;

interface Sum {
  sum: number;
  weight: number;
}
const prior = (ms: number): Sum => ({ sum: 2 * ms, weight: 2 });
const mean = ({ sum, weight }: Sum): number => sum / weight;
function add(to: Sum, value: number, share: number): void {
  to.sum += share * value;
  to.weight += share;
}

const isOther = ({ image }: Boot, wanted: Wanted): boolean => wanted.image !== null && image !== wanted.image;
const isReadyStage = (stage: State): stage is ReadyStage => stage in FIELD_MS;
const freshness = (at: number, now: number): number => 0.5 ** ((now - at) / HALF_LIFE_MS);

/** A restore of another size says less, and one of which the size is not known nothing. */
function alike(restoredGb: number | undefined, wantedGb: number): number {
  if (restoredGb === undefined) return 0;
  const [less, more] = [Math.min(restoredGb, wantedGb) + SMALL_GB, Math.max(restoredGb, wantedGb) + SMALL_GB];
  return less / more;
}
const SMALL_GB = 0.1;

/** How fast storage comes to it: what was measured there, and a little of what its marketplace says. */
export function bandwidth(own: readonly Boot[], said: number, now: number): number {
  const perMbit: Sum = { sum: 0.25 / said, weight: 0.25 };
  for (const { at, mbps } of own) if (mbps) add(perMbit, 1 / mbps, freshness(at, now));
  return 1 / mean(perMbit);
}

/**
 * How long a start may take before another begins beside it: what three of four took on that machine, or, while little is
 * known of it, at its marketplace; but never longer than a round. One that was given up counts with what it was waited for.
 */
export function patience(own: readonly Boot[], market: readonly Boot[], otherwiseMs: number): number {
  const [mine, all] = [readyTimes(startsOf(own)), readyTimes(startsOf(market))];
  const known = mine.length >= OWN_STARTS ? mine : all.length >= MARKET_STARTS ? all : null;
  if (known === null) return otherwiseMs;
  return Math.min(otherwiseMs, Math.max(otherwiseMs / 6, quantile(known, 0.75)));
}

const OWN_STARTS = 3;
const MARKET_STARTS = 8;

/** One start of one machine: how far it came, and in what time until it stood ready or was given up. */
interface Start {
  readonly last: Boot;
  readonly ok: boolean;
  readonly readyMs: number | null;
}

/** The newest first. */
function startsOf(boots: readonly Boot[]): readonly Start[] {
  const starts = [...Map.groupBy(boots, ({ machine }) => machine).values()].map((entries) => {
    const untilReady = entries.filter(({ stage }) => isReadyStage(stage));
    return {
      last: entries.reduce((a, b) => (b.at >= a.at ? b : a)),
      ok: entries.every(({ ok }) => ok),
      readyMs: untilReady.some(({ stage }) => stage !== 'renting')
        ? untilReady.reduce((sum, { ms }) => sum + ms, 0)
        : null,
    };
  });
  return starts.toSorted((a, b) => b.last.at - a.last.at);
}

/** Those that went well or did not: one that was rented and let go says neither. */
const judged = (boots: readonly Boot[]): readonly Start[] =>
  startsOf(boots).filter(({ ok, last }) => !ok || last.stage !== 'renting');

const readyTimes = (starts: readonly Start[]): number[] => starts.flatMap(({ readyMs }) => readyMs ?? []);

function memoryOf(entries: readonly Boot[], usualMs: number, now: number): HostMemory {
  const starts = startsOf(entries);
  const last = starts[0]?.last as Boot;
  const measured = entries.flatMap(({ mbps }) => mbps ?? []);
  return {
    marketplace: last.marketplace,
    host: last.host,
    physical: last.physical,
    starts: starts.length,
    failures: starts.filter(({ ok }) => !ok).length,
    stages: stageTimes(entries),
    mbps: measured.length === 0 ? null : quantile(measured, 0.5),
    passedOver: failedLately(entries, now) ?? speaksAgainst(entries, usualMs, now),
    lastAt: last.at,
    lastWhy: last.why,
  };
}

/**
 * What failed is left alone for six hours, and after each further failure in a row for four times as long; until then a race
 * takes it only when nothing else is left. Of those that were merely slow two count as one that failed.
 */
export function failedLately(boots: readonly Boot[], now: number): string | null {
  const starts = judged(boots);
  const good = starts.findIndex(({ ok }) => ok);
  const row = good === -1 ? starts : starts.slice(0, good);
  const failures = Math.floor(row.reduce((sum, { last }) => sum + (last.slow ? 0.5 : 1), 0));
  const [newest] = row;
  if (!newest || failures === 0 || now - newest.last.at >= ALONE_MS * 4 ** (failures - 1)) return null;
  const which = row.length === 1 ? 'its last start failed' : `its last ${row.length} starts failed`;
  return `${which}: ${newest.last.why}`;
}

const ALONE_MS = 6 * HOUR;

/** Its rank says so as well: what speaks against it, in the words of what happened. */
function speaksAgainst(entries: readonly Boot[], usualMs: number, now: number): string | null {
  const starts = judged(entries);
  const expected = expectation(entries, [], { image: null, restoreGb: 0, restoreMs: 0 }, now);
  const failed = starts.filter(({ ok }) => !ok).length;
  if (expected.failure >= 2 * FIELD_FAILURE) return `${failed} of ${starts.length} starts failed`;
  const took = quantile(readyTimes(starts), 0.5);
  const fieldMs = READY_STAGES.reduce((sum, stage) => sum + FIELD_MS[stage], 0);
  if (took >= 2 * usualMs && expected.readyMs >= 1.5 * fieldMs)
    return `takes ${Math.round(took / 1_000)} s; half of all start within ${Math.round(usualMs / 1_000)} s`;
  return null;
}
