import { CHARGED_FOR, type ChargedFor } from './journals.ts';
import { DAY_MS, dayOf } from './ledger.ts';
import type { MicroDollars } from './money.ts';

/** What always-on would have cost: the machine it ran on, the marketplace's median for the same need, or a price by name. */
export type Baseline =
  | { readonly kind: 'offer' }
  | { readonly kind: 'market' }
  | { readonly kind: 'price'; readonly dollarsPerHour: number; readonly name: string };

/** Missing: as it is where nobody says anything. */
export interface BaselineChoice {
  readonly kind?: Baseline['kind'] | undefined;
  readonly dollarsPerHour?: number | undefined;
  readonly name?: string | undefined;
}

/** More an hour is a mistake. */
export const PRICE_MAX = 10_000;

export type BaselineFault = 'price_missing' | 'price_beside' | 'name_alone';

/** What is compared with, or why that cannot be: nothing that somebody says is passed over. A price is enough by itself. */
export function baselineFrom({ kind, dollarsPerHour, name }: BaselineChoice): Baseline | BaselineFault {
  if (dollarsPerHour !== undefined) {
    if (kind !== undefined && kind !== 'price') return 'price_beside';
    return { kind: 'price', dollarsPerHour, name: name ?? '' };
  }
  if (name !== undefined) return 'name_alone';
  return kind === 'price' ? 'price_missing' : { kind: kind ?? 'offer' };
}

/** Marketplaces bill in dollars, and there is no rate here by which that would be anything else. */
export const isUsd = (currency: string): boolean => /^(usd|us\$|\$)$/i.test(currency.trim());

export const GROUPS = ['workspace', 'user', 'day', 'month', 'machine', 'race'] as const;
export type GroupBy = (typeof GROUPS)[number];

/** Whole days (UTC), from the first one's midnight to the midnight after the last. */
export interface Period {
  readonly from: number;
  readonly until: number;
}

/** What was paid, and what would have been. */
export interface Figures {
  readonly paidMicro: MicroDollars;
  /** What it went to, waste, storage, requests and standby included. */
  readonly paidFor: Readonly<Record<ChargedFor, MicroDollars>>;
  /** Null where there is nothing to compare with: of one machine, or one race, or where nobody knows what an hour costs. */
  readonly baselineMicro: MicroDollars | null;
  /** Negative where sleeping cost more than it saved. What is not compared is on neither side of it. */
  readonly savedMicro: MicroDollars | null;
  /** What was paid, and how long there was such a workspace, where nobody knows what an hour of always-on costs. */
  readonly notCompared: { readonly micro: MicroDollars; readonly ms: number };
  readonly awakeMs: number;
  readonly asleepMs: number;
  /** What marketplaces charged beyond what we had metered for the same. */
  readonly differenceMicro: MicroDollars;
}

export interface Savings {
  readonly period: Period;
  readonly baseline: Baseline;
  readonly by: GroupBy;
  readonly total: Figures;
  readonly rows: readonly (Figures & { readonly key: string })[];
}

export interface SavingsWanted {
  readonly workspace: string | null;
  /** Of the workspaces of one account only. */
  readonly user: string | null;
  readonly period: Period;
  readonly baseline: Baseline;
  readonly by: GroupBy;
  /** Whose they may see who ask; missing: everybody's. */
  readonly only?: ((workspace: string, owner: string) => boolean) | undefined;
}

const NO_MONEY = Object.fromEntries(CHARGED_FOR.map((purpose) => [purpose, 0])) as Record<ChargedFor, MicroDollars>;

export const noMoney = (): Record<ChargedFor, MicroDollars> => ({ ...NO_MONEY });

/**
 * `today`, `yesterday`, `7d`, `week` and `month` (the last whole ones), `2026-08-03`, `2026-08`, `2026`. A sentence about
 * what is wrong with it otherwise: a day that is not over counts as far as it is, and one that is to come is refused.
 */
export function readPeriod(given: string, now: number): Period | string {
  const text = given.trim().toLowerCase();
  const today = dayOf(now);
  const month = (year: number, index: number): number => Date.UTC(year, index);
  const at = new Date(now);
  const named: Readonly<Record<string, Period>> = {
    today: { from: today, until: today + DAY_MS },
    yesterday: { from: today - DAY_MS, until: today },
    week: lastWeek(today),
    month: {
      from: month(at.getUTCFullYear(), at.getUTCMonth() - 1),
      until: month(at.getUTCFullYear(), at.getUTCMonth()),
    },
  };
  const [, days] = /^([1-9]\d{0,3})d$/.exec(text) ?? [];
  const [, year = '', mm, dd] = /^(\d{4})(?:-(\d\d))?(?:-(\d\d))?$/.exec(text) ?? [];
  const period = Object.hasOwn(named, text)
    ? named[text]
    : days !== undefined
      ? { from: today + DAY_MS - Number(days) * DAY_MS, until: today + DAY_MS }
      : dateOf(year, mm, dd);
  if (!period) return `"${given}" is no period: today, yesterday, 7d, week, month, 2026, 2026-08 or 2026-08-03`;
  if (period.from > now) return `${given} is not here yet: today is ${dayName(today)} (UTC)`;
  return { from: period.from, until: Math.min(period.until, today + DAY_MS) };
}

/** Monday to Sunday. */
function lastWeek(today: number): Period {
  const monday = today - ((new Date(today).getUTCDay() + 6) % 7) * DAY_MS;
  return { from: monday - 7 * DAY_MS, until: monday };
}

function dateOf(year: string, month: string | undefined, day: string | undefined): Period | null {
  if (year === '' || Number(year) < 2000) return null;
  const from = Date.UTC(Number(year), Number(month ?? 1) - 1, Number(day ?? 1));
  const back = new Date(from).toISOString();
  if (!back.startsWith([year, month, day].filter((part) => part !== undefined).join('-'))) return null; // no such day
  const at = new Date(from);
  const until =
    day !== undefined
      ? from + DAY_MS
      : month !== undefined
        ? Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1)
        : Date.UTC(at.getUTCFullYear() + 1, 0);
  return { from, until };
}

export const dayName = (day: number): string => new Date(day).toISOString().slice(0, 10);

/** `2026-08`, or the day it is, or from when to when. */
export function periodWords({ from, until }: Period): string {
  const [first, last] = [dayName(from), dayName(until - 1)];
  if (first === last) return first;
  return first.endsWith('-01') && dayName(until).endsWith('-01') && first.slice(0, 7) === last.slice(0, 7)
    ? first.slice(0, 7)
    : `${first} – ${last}`;
}
