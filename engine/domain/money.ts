/** Money is counted in whole micro-dollars, so that sums agree however they are grouped. */
export type MicroDollars = number;

export const MICRO = 1_000_000;
const HOUR_MS = 3_600_000;

export function microDollars(dollars: number): MicroDollars {
  return Math.round(dollars * MICRO);
}

/** What a rate costs over a span of time. */
export function costOf(dollarsPerHour: number, ms: number): MicroDollars {
  return Math.round((dollarsPerHour * MICRO * Math.max(0, ms)) / HOUR_MS);
}

/** For people: $12.34, and more digits when the amount is small. */
export function dollars(micro: MicroDollars): string {
  const value = Math.abs(micro) / MICRO;
  return `${micro < 0 ? '-' : ''}$${value.toFixed(value !== 0 && value < 0.01 ? 4 : 2)}`;
}

export function perHour(dollarsPerHour: number): string {
  return `$${dollarsPerHour.toFixed(dollarsPerHour < 0.1 ? 3 : 2)}/h`;
}
