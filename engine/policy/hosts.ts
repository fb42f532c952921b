import type { HostMemory } from '../domain/doors.ts';
import type { Boot } from '../domain/journals.ts';
import type { State } from '../domain/lifecycle.ts';

/** The stages of a start, in order; together they are the time from asking to usable. */
export const STAGES = ['renting', 'booting', 'installing', 'restoring'] as const satisfies readonly State[];

const HALF_LIFE_MS = 14 * 24 * 3_600_000;

/** What the journal of boots says about each physical machine. */
export function remember(boots: readonly Boot[]): ReadonlyMap<string, HostMemory> {
  const byMachine = Map.groupBy(boots, (boot) => `${boot.marketplace}/${boot.physical}`);
  return new Map([...byMachine].map(([key, entries]) => [key, memoryOf(entries)]));
}

/** How long a start on it is expected to take, and how likely it is to fail; a host we do not know gets the field's average. */
export function expectation(
  memory: HostMemory | undefined,
  boots: readonly Boot[],
  now: number,
): { readonly readyMs: number; readonly failure: number } {
  const field = { readyMs: 60_000, failure: 0.2 };
  if (!memory) return field;
  // Two starts' worth of the field's average keep one lucky or unlucky start from deciding.
  let weight = 2;
  let ms = field.readyMs * weight;
  let failure = field.failure * weight;
  for (const boot of boots) {
    const share = 0.5 ** ((now - boot.at) / HALF_LIFE_MS);
    if (boot.stage !== 'booting') {
      if (!boot.ok) failure += share;
      continue;
    }
    weight += share;
    ms += share * boot.ms;
    if (!boot.ok) failure += share;
  }
  return { readyMs: ms / weight, failure: Math.min(1, failure / weight) };
}

/**
 * How long a start may take before another begins beside it: what three of four took on that machine, or, while little is
 * known of it, at its marketplace. One that was given up counts as at least as long as it was waited for.
 */
export function patience(own: readonly Boot[], market: readonly Boot[], otherwiseMs: number): number {
  const times = (boots: readonly Boot[]): number[] =>
    boots.filter(({ stage }) => stage === 'booting').map(({ ms }) => ms);
  const [mine, all] = [times(own), times(market)];
  const known = mine.length >= OWN_STARTS ? mine : all.length >= MARKET_STARTS ? all : null;
  if (known === null) return otherwiseMs;
  return Math.min(2 * otherwiseMs, Math.max(otherwiseMs / 6, quantile(known, 0.75)));
}

const OWN_STARTS = 3;
const MARKET_STARTS = 8;

function memoryOf(entries: readonly Boot[]): HostMemory {
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
    lastAt: last.at,
    lastWhy: last.why,
  };
}

/** The smallest value that at least this share of the values do not exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
