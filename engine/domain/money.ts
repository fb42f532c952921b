/** Money is counted in whole micro-dollars, so that sums agree however they are grouped. */
export type MicroDollars = number;

export const MICRO = 1_000_000;
/** As clouds and marketplaces count a month. */
export const HOURS_PER_MONTH = 730;
const HOUR_MS = 3_600_000;

export function microDollars(dollars: number): MicroDollars {
  return Math.round(dollars * MICRO);
}

/** What a rate costs over a span of time. */
export function costOf(dollarsPerHour: number, ms: number): MicroDollars {
  return Math.round((dollarsPerHour * MICRO * Math.max(0, ms)) / HOUR_MS);
}

/** For people: $12.34, and more digits when the amount is small. */
export function dollars(micro: MicroDollars, digits = digitsOf([micro])): string {
  return `${micro < 0 ? '-' : ''}$${(Math.abs(micro) / MICRO).toFixed(digits)}`;
}

/** What stands in one table has as many digits as the smallest amount there needs. */
export function digitsOf(amounts: readonly (MicroDollars | null)[]): number {
  return amounts.some((micro) => micro !== null && micro !== 0 && Math.abs(micro) < CENT) ? 4 : 2;
}

const CENT = 10_000;

export function perHour(dollarsPerHour: number): string {
  return `$${dollarsPerHour.toFixed(dollarsPerHour < 0.1 ? 3 : 2)}/h`;
}
