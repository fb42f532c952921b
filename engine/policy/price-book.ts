import type { MicroDollars } from '../domain/money.ts';
import type { PriceBookName } from '../domain/plan.ts';

/**
 * What people are charged for storage, where somebody passes it on; also what estimates are made with. Savings use what was
 * really paid, never this.
 */
export interface PriceBook {
  /** Each for the GB (10^9 bytes) up to its own end, a month. */
  readonly tiers: readonly { readonly untilGb: number; readonly microPerGb: MicroDollars }[];
  readonly uploadMicroPerGb: MicroDollars;
  readonly restoreMicroPerGb: MicroDollars;
}

export const PRICE_BOOKS = {
  standard: {
    tiers: [
      { untilGb: 50, microPerGb: 0 },
      { untilGb: 500, microPerGb: 10_000 },
      { untilGb: 5_000, microPerGb: 8_000 },
      { untilGb: Number.POSITIVE_INFINITY, microPerGb: 5_000 },
    ],
    uploadMicroPerGb: 0,
    restoreMicroPerGb: 10_000,
  },
  small: {
    tiers: [
      { untilGb: 10, microPerGb: 0 },
      { untilGb: 100, microPerGb: 15_000 },
      { untilGb: Number.POSITIVE_INFINITY, microPerGb: 10_000 },
    ],
    uploadMicroPerGb: 0,
    restoreMicroPerGb: 10_000,
  },
} as const satisfies Readonly<Record<PriceBookName, PriceBook>>;

/** What so much costs a month. */
export function storageCharge({ tiers }: PriceBook, bytes: number): MicroDollars {
  let [from, micro] = [0, 0];
  for (const { untilGb, microPerGb } of tiers) {
    micro += Math.max(0, Math.min(bytes / GB, untilGb) - from) * microPerGb;
    from = untilGb;
  }
  return Math.round(micro);
}

export const restoreCharge = ({ restoreMicroPerGb }: PriceBook, bytes: number): MicroDollars =>
  Math.round((bytes / GB) * restoreMicroPerGb);

const GB = 1e9;
