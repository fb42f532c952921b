import { IMAGE_EVERY_MS } from '../domain/image-head.ts';
import type { MicroDollars } from '../domain/money.ts';
import type { Day, Price } from '../domain/plan.ts';
import type { Calls, StoragePrices } from '../domain/storage-prices.ts';

/** A day of work on a model with its environment: what a price is shown for where there is no history. */
export const TYPICAL_DAY: Day = {
  changingHours: 4,
  storedBytes: 7e9,
  changedBytes: 1e8,
  imageBytes: imageBytesOf(7e9),
  hibernations: 1,
};

/** Calls to storage, as `test/standins/r2/requests.test.ts` counts them with restic 0.19.1. */
export const CALLS = {
  /** One backup: restic's (its two packs, index, snapshot, lock, and four lists), then its manifest. */
  machine: { a: 10, b: 3 },
  /** The control host finds it, reads its manifest, and writes manifest and metadata where no machine can. */
  entered: { a: 4, b: 4 },
  /** Some of them are read back and compared. */
  compared: { a: 7, b: 16 },
  /** Old ones forgotten and the rest compacted. */
  compacted: { a: 15, b: 7 },
  /** What the next machine must know first is left for it. */
  headStart: { a: 4, b: 3 },
  /** The wake image is brought up to a backup: what is there is looked at; what changed, and the new list, are written. */
  image: { a: 2, b: 1 },
  /** A restore begins; its data comes besides. */
  restored: { a: 5, b: 8 },
} as const satisfies Readonly<Record<string, Calls>>;

export interface Priced {
  readonly intervalMs: number;
  /** Automatic snapshots are kept this long, and what changed with them. */
  readonly days: number;
  /** How many places hold it: the hot repository, the vault, another one. */
  readonly copies: number;
}

/** What storage costs in a month. No free allowance is taken off: it belongs to the account, not to one workspace. */
export function priceOf(
  { intervalMs, days, copies }: Priced,
  day: Day,
  prices: StoragePrices,
  compareEveryMs: number,
): Price {
  const backupsPerDay = Math.floor((day.changingHours * HOUR) / intervalMs);
  const comparedPerDay = Math.min(backupsPerDay, (day.changingHours * HOUR) / compareEveryMs);
  const imagesPerDay =
    day.imageBytes === 0 ? 0 : Math.min(backupsPerDay, (day.changingHours * HOUR) / IMAGE_EVERY_MS) + day.hibernations;
  const calls = sumCalls([
    times(CALLS.machine, backupsPerDay),
    times(CALLS.entered, backupsPerDay),
    times(CALLS.compared, comparedPerDay),
    times(CALLS.compacted, day.hibernations),
    times(CALLS.headStart, day.hibernations),
    times(CALLS.image, imagesPerDay),
    times({ a: (copies - 1) * objectsOf(day.changedBytes), b: 0 }, day.hibernations),
  ]);
  const bytes = (day.storedBytes + day.changedBytes * days) * copies + day.imageBytes;
  const requestsMicro = Math.round(DAYS * (calls.a * prices.microPerA + calls.b * prices.microPerB));
  const storageMicro = storagePerMonth(bytes, prices);
  return { requestsMicro, storageMicro, totalMicro: requestsMicro + storageMicro, backupsPerDay };
}

/** To keep that much for a month. */
export function storagePerMonth(bytes: number, { microPerGbMonth }: StoragePrices): MicroDollars {
  return Math.round((bytes / GB) * microPerGbMonth);
}

/** What a copy of that much takes: its packs, and beside them an index, a snapshot, its list and its metadata, and two lists. */
export function objectsOf(bytes: number): number {
  return Math.ceil(bytes / PACK_BYTES) + 6;
}

/** About what the image of that much takes, as measured for models with their environments. */
export function imageBytesOf(bytes: number): number {
  return Math.round(bytes * 0.76);
}

/** A restore onto a fresh machine: what restic must know first, and each pack of the data once. */
export function restoreCalls(bytes: number): Calls {
  return { a: CALLS.restored.a, b: CALLS.restored.b + Math.ceil(bytes / PACK_BYTES) };
}

/** The same with the wake image, whose segments are smaller. */
export function imageCalls(bytes: number): Calls {
  return { a: CALLS.restored.a, b: CALLS.restored.b + 1 + Math.ceil(bytes / SEGMENT_BYTES) };
}

/** What storage asks for bringing that much back once. */
export function restorePrice(
  bytes: number,
  image: boolean,
  { microPerA, microPerB, microPerGbOut }: StoragePrices,
): { readonly requestsMicro: MicroDollars; readonly outMicro: MicroDollars } {
  const { a, b } = (image ? imageCalls : restoreCalls)(bytes);
  return {
    requestsMicro: Math.round(a * microPerA + b * microPerB),
    outMicro: Math.round((bytes / GB) * microPerGbOut),
  };
}

export function times(calls: Calls, count: number): Calls {
  return { a: calls.a * count, b: calls.b * count };
}

export function sumCalls(all: readonly Calls[]): Calls {
  return all.reduce((total, one) => ({ a: total.a + one.a, b: total.b + one.b }), { a: 0, b: 0 });
}

const HOUR = 3_600_000;
const DAYS = 30;
const GB = 1e9;
const PACK_BYTES = 16 * 1024 * 1024;
const SEGMENT_BYTES = 8 * 1024 * 1024;
