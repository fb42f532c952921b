import type { MicroDollars } from './money.ts';
import type { SnapshotKind } from './snapshot.ts';

export const PLANS = ['free', 'pro', 'enterprise'] as const;
export type PlanName = (typeof PLANS)[number];

/** What people are charged by, where somebody passes storage on. */
export const PRICE_BOOK_NAMES = ['standard', 'small'] as const;
export type PriceBookName = (typeof PRICE_BOOK_NAMES)[number];

/** What a workspace is entitled to. The numbers are settings; these three names are what people choose by. */
export interface Plan {
  /** No backup sooner after the last one; also the interval where nobody chose another. */
  readonly intervalMs: number;
  /** Automatic snapshots are kept this long at most. */
  readonly days: number;
  /** Of all that storage holds for the workspace. Nothing is refused for it: people are told, and old automatic ones go. */
  readonly storageBytesMax: number;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** From one backup to the next: a workspace chooses one of these that its plan allows. */
export const INTERVALS_MS: readonly number[] = [
  10 * SECOND,
  30 * SECOND,
  MINUTE,
  5 * MINUTE,
  15 * MINUTE,
  HOUR,
  6 * HOUR,
  24 * HOUR,
];

/** For how long snapshots can be kept. */
export const RETENTION_DAYS: readonly number[] = [7, 30, 90];

/** Of each kind, where the workspace did not choose; null: what the plan says. */
export type KindDays = Readonly<Record<SnapshotKind, number | null>>;

/** Of automatic snapshots up to this age one in every so long is kept, the last; the plan's days end the last rung. */
export interface Rung {
  readonly untilMs: number;
  readonly everyMs: number;
}

/** What is done on a day, as far as it costs something in storage. */
export interface Day {
  /** Hours in which every interval has something new. For nothing new no restic is started on a machine. */
  readonly changingHours: number;
  /** What the workspace's data takes in storage, compressed. */
  readonly storedBytes: number;
  /** How much of it is written anew. */
  readonly changedBytes: number;
  /** What its wake image takes beside that, in one place only; 0 where it has none. */
  readonly imageBytes: number;
  readonly hibernations: number;
}

export interface Price {
  /** In a month of 30 such days. */
  readonly requestsMicro: MicroDollars;
  readonly storageMicro: MicroDollars;
  readonly totalMicro: MicroDollars;
  readonly backupsPerDay: number;
}

/** Whose prices an estimate is made with. Where storage costs nothing, `paid` is false, and it says what it would elsewhere. */
export interface PricesSaid {
  readonly of: string;
  readonly paid: boolean;
}

/** What it costs to bring so much back once, without what is free for the account, and what the price book charges for it. */
export interface RestorePrice {
  readonly prices: PricesSaid;
  readonly bytes: number;
  readonly requestsMicro: MicroDollars;
  /** For what leaves storage. */
  readonly outMicro: MicroDollars;
  readonly book: PriceBookName;
  readonly chargeMicro: MicroDollars;
}
