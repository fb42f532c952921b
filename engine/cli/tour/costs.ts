import { HOURS_PER_MONTH, MICRO } from '../../domain/money.ts';

const HOURS_PER_DAY = 24;
/** Somebody with a job. */
const WORKED_HOURS_PER_WEEK = 40;
const WORKED_HOURS_PER_MONTH = (WORKED_HOURS_PER_WEEK * 52) / 12;
/** What Cloudflare R2 asks for. */
const STORAGE_DOLLARS_PER_GB_MONTH = 0.015;

export interface Costs {
  readonly dollars_per_hour: number;
  /** The baseline: the machine that was just used, never turned off. */
  readonly always_on: { readonly dollars_per_day: number; readonly dollars_per_month: number };
  /** Its files in storage and nothing else. */
  readonly asleep: { readonly bytes: number; readonly dollars_per_month: number };
  /** Awake while somebody works and asleep for the rest, compared with the baseline. */
  readonly at_work: {
    readonly hours_per_week: number;
    readonly dollars_per_month: number;
    readonly saved_per_month: number;
    readonly saved_percent: number;
  };
}

export function costsOf(dollarsPerHour: number, storedBytes: number): Costs {
  const stored = (storedBytes / 1e9) * STORAGE_DOLLARS_PER_GB_MONTH;
  const always = dollarsPerHour * HOURS_PER_MONTH;
  const worked = dollarsPerHour * WORKED_HOURS_PER_MONTH + stored;
  return {
    dollars_per_hour: dollarsPerHour,
    always_on: {
      dollars_per_day: rounded(dollarsPerHour * HOURS_PER_DAY),
      dollars_per_month: rounded(always),
    },
    asleep: { bytes: storedBytes, dollars_per_month: rounded(stored) },
    at_work: {
      hours_per_week: WORKED_HOURS_PER_WEEK,
      dollars_per_month: rounded(worked),
      saved_per_month: rounded(always - worked),
      saved_percent: always === 0 ? 0 : Math.floor((100 * (always - worked)) / always),
    },
  };
}

function rounded(dollars: number): number {
  return Math.round(dollars * MICRO) / MICRO;
}
