import type { Times } from '../domain/doors.ts';

/** Of fewer the P95 would be nothing but the slowest. */
const P95_SAMPLES = 20;

/** How long something took, in the middle and at worst; null when it never happened. */
export function timesOf(values: readonly number[]): Times | null {
  if (values.length === 0) return null;
  return {
    p50: quantile(values, 0.5),
    p95: values.length < P95_SAMPLES ? null : quantile(values, 0.95),
    slowest: Math.max(...values),
    samples: values.length,
  };
}

/** The smallest value that at least this share of the values do not exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
