import { CHARGED_FOR, type Charge, type ChargedFor } from './journals.ts';
import type { MicroDollars } from './money.ts';

export const DAY_MS = 86_400_000;

/** Days are UTC, whoever asks: only so do all ways in show the same figures. */
export const dayOf = (at: number): number => Math.floor(at / DAY_MS) * DAY_MS;

export interface SumsWanted {
  /** From this day on, and up to the day before that one; both begin at midnight. */
  readonly from: number;
  readonly until: number;
  readonly workspace?: string | undefined;
}

/** Everything that one workspace cost while it belonged to one owner. */
export interface AccountSums {
  readonly workspace: string;
  readonly owner: string;
  readonly days: readonly DaySum[];
}

/** What one day cost for one purpose. */
export interface DaySum {
  readonly day: number;
  readonly for: ChargedFor;
  readonly meteredMicro: MicroDollars;
  /** The part of it that a marketplace's own bill took the place of. */
  readonly settledMicro: MicroDollars;
  readonly chargedMicro: MicroDollars;
  /** Of `gpu` and `standby`: for how long machines ran. Of `gpu`: what the marketplace's median offer would have cost. */
  readonly ms: number;
  readonly marketMicro: MicroDollars;
  /** Of `ms`, the part for which the median is known. */
  readonly marketMs: number;
}

/** What it really cost: the marketplace's own word where there is one, ours where there is none yet. */
export const paidFor = ({ meteredMicro, settledMicro, chargedMicro }: DaySum): MicroDollars =>
  meteredMicro - settledMicro + chargedMicro;

/** Sums of one account, by day and purpose. */
export type Sums = Map<string, DaySum>;

/** Puts an entry on the days that it spans. They add up to it exactly. */
export function addCharge(sums: Sums, charge: Charge): void {
  const { source, settles, micro, for: purpose, marketMicro } = charge;
  const runs = (purpose === 'gpu' || purpose === 'standby') && source === 'metered' && settles === null;
  const sign = micro < 0 ? -1 : 1;
  for (const { day, ms, share } of daysOf(charge.from, charge.until)) {
    const part = share(micro);
    const key = `${day} ${purpose}`;
    const before = sums.get(key) ?? nothing(day, purpose);
    const market = runs && marketMicro !== null;
    sums.set(key, {
      ...before,
      meteredMicro: before.meteredMicro + (source === 'metered' && settles === null ? part : 0),
      settledMicro: before.settledMicro - (settles === null ? 0 : part),
      chargedMicro: before.chargedMicro + (source === 'charged' ? part : 0),
      ms: before.ms + (runs ? sign * ms : 0),
      marketMicro: before.marketMicro + (market ? share(marketMicro) : 0),
      marketMs: before.marketMs + (market ? sign * ms : 0),
    });
  }
}

/** Adds what is known of a day from somewhere else. */
export function addSums(sums: Sums, more: DaySum): void {
  const key = `${more.day} ${more.for}`;
  const before = sums.get(key) ?? nothing(more.day, more.for);
  sums.set(key, {
    ...before,
    meteredMicro: before.meteredMicro + more.meteredMicro,
    settledMicro: before.settledMicro + more.settledMicro,
    chargedMicro: before.chargedMicro + more.chargedMicro,
    ms: before.ms + more.ms,
    marketMicro: before.marketMicro + more.marketMicro,
    marketMs: before.marketMs + more.marketMs,
  });
}

/** Days in their order, each purpose once. What is so already, as most of it is, is left as it is. */
export function addUp(days: readonly DaySum[]): readonly DaySum[] {
  if (days.every((one, i) => i === 0 || isBefore(days[i - 1]!, one))) return days;
  const sums: Sums = new Map();
  for (const one of days) addSums(sums, one);
  return [...sums.values()].sort((a, b) => (isBefore(a, b) ? -1 : 1));
}

const isBefore = (one: DaySum, other: DaySum): boolean =>
  one.day < other.day || (one.day === other.day && CHARGED_FOR.indexOf(one.for) < CHARGED_FOR.indexOf(other.for));

const nothing = (day: number, purpose: ChargedFor): DaySum => ({
  day,
  for: purpose,
  meteredMicro: 0,
  settledMicro: 0,
  chargedMicro: 0,
  ms: 0,
  marketMicro: 0,
  marketMs: 0,
});

interface DayPart {
  readonly day: number;
  readonly ms: number;
  /** The part of an amount that falls on this day. */
  readonly share: (micro: MicroDollars) => MicroDollars;
}

function daysOf(from: number, until: number): readonly DayPart[] {
  const span = until - from;
  if (span <= 0) return [{ day: dayOf(from), ms: 0, share: (micro) => micro }];
  const parts: DayPart[] = [];
  for (let start = from; start < until; ) {
    const [begin, end] = [start, Math.min(until, dayOf(start) + DAY_MS)];
    const share = (micro: MicroDollars): MicroDollars =>
      upTo(micro, end - from, span) - upTo(micro, begin - from, span);
    parts.push({ day: dayOf(begin), ms: end - begin, share });
    start = end;
  }
  return parts;
}

/** The same for an amount and for its negative, so that taking back leaves nothing. */
export function upTo(micro: MicroDollars, ms: number, span: number): MicroDollars {
  const part = Math.round((Math.abs(micro) * ms) / span);
  return micro < 0 ? 0 - part : part;
}
