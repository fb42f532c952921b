import type { HostMemory } from '../domain/doors.ts';
import type { Boot } from '../domain/journals.ts';
import type { State } from '../domain/lifecycle.ts';

/** The stages of a start, in order; together they are the time from asking to usable. */
export const STAGES = ['renting', 'booting', 'installing', 'restoring'] as const satisfies readonly State[];

const HALF_LIFE_MS = 14 * 24 * 3_600_000;

/** What the journal of boots says about each physical machine. */
export function remember(boots: readonly Boot[], now: number): ReadonlyMap<string, HostMemory> {
  const byMachine = Map.groupBy(boots, (boot) => `${boot.marketplace}/${boot.physical}`);
  const usual = quantile(timesOf(boots), 0.5);
  return new Map([...byMachine].map(([key, entries]) => [key, memoryOf(entries, usual, now)]));
}

/** A host we do not know is taken for one of the field's average. */
const FIELD = { readyMs: 60_000, failure: 0.2 };

/**
 * How long a start on it is expected to take, and how likely it is to fail. Starts of another image on it say half as much,
 * and what its owner's other machines did a quarter; what was long ago fades. A complaint of somebody else's counts like
 * a quarter of a failed start.
 */
export function expectation(
  own: readonly Boot[],
  kin: readonly Boot[],
  image: string | null,
  now: number,
  reports = 0,
): { readonly readyMs: number; readonly failure: number } {
  const complaints = 0.25 * Math.min(reports, REPORTS_MAX);
  // Two starts' worth of the field's average keep one lucky or unlucky start from deciding.
  let weight = 2 + complaints;
  let ms = FIELD.readyMs * weight;
  let failure = FIELD.failure * 2 + complaints;
  const count = (boot: Boot, worth: number): void => {
    const share = worth * 0.5 ** ((now - boot.at) / HALF_LIFE_MS);
    if (!boot.ok) failure += share;
    if (boot.stage !== 'booting') return;
    weight += share;
    ms += share * boot.ms;
  };
  for (const boot of own) count(boot, image === null || boot.image === image ? 1 : 0.5);
  for (const boot of kin) count(boot, 0.25);
  return { readyMs: ms / weight, failure: Math.min(1, failure / weight) };
}

/** However many complained: our own starts say more. */
const REPORTS_MAX = 16;

/**
 * How long a start may take before another begins beside it: what three of four took on that machine, or, while little is
 * known of it, at its marketplace; but never longer than a round. One that was given up counts with what it was waited for.
 */
export function patience(own: readonly Boot[], market: readonly Boot[], otherwiseMs: number): number {
  const [mine, all] = [timesOf(own), timesOf(market)];
  const known = mine.length >= OWN_STARTS ? mine : all.length >= MARKET_STARTS ? all : null;
  if (known === null) return otherwiseMs;
  return Math.min(otherwiseMs, Math.max(otherwiseMs / 6, quantile(known, 0.75)));
}

const OWN_STARTS = 3;
const MARKET_STARTS = 8;

const timesOf = (boots: readonly Boot[]): number[] =>
  boots.filter(({ stage }) => stage === 'booting').map(({ ms }) => ms);

function memoryOf(entries: readonly Boot[], usualMs: number, now: number): HostMemory {
  const last = entries.reduce((a, b) => (b.at >= a.at ? b : a));
  const stages: Partial<Record<State, { p50: number; p95: number; samples: number }>> = {};
  for (const [stage, boots] of Map.groupBy(entries, (boot) => boot.stage)) {
    const times = boots.filter((boot) => boot.ok).map((boot) => boot.ms);
    if (times.length > 0)
      stages[stage] = { p50: quantile(times, 0.5), p95: quantile(times, 0.95), samples: times.length };
  }
  return {
    marketplace: last.marketplace,
    host: last.host,
    physical: last.physical,
    starts: entries.filter((boot) => boot.stage === 'renting').length,
    failures: entries.filter((boot) => !boot.ok).length,
    stages,
    mbps: middle(entries.flatMap(({ mbps }) => mbps ?? [])),
    passedOver: passedOver(entries, usualMs, now),
    lastAt: last.at,
    lastWhy: last.why,
  };
}

/** What speaks against it, in the words of what happened: failures first, then slowness. */
function passedOver(entries: readonly Boot[], usualMs: number, now: number): string | null {
  const expected = expectation(entries, [], null, now);
  const failed = entries.filter(({ ok }) => !ok).length;
  const starts = entries.filter(({ stage }) => stage === 'renting').length;
  if (expected.failure >= 2 * FIELD.failure) return `${failed} of ${Math.max(starts, failed)} starts failed`;
  const took = quantile(timesOf(entries), 0.5);
  if (took >= 2 * usualMs && expected.readyMs >= 1.5 * FIELD.readyMs)
    return `takes ${Math.round(took / 1_000)} s; half of all start within ${Math.round(usualMs / 1_000)} s`;
  return null;
}

const middle = (values: readonly number[]): number | null => (values.length === 0 ? null : quantile(values, 0.5));

/** The smallest value that at least this share of the values do not exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
