import { IMAGE_EVERY_MS } from '../domain/image-head.ts';
import type { MicroDollars } from '../domain/money.ts';
import type { Day, Price } from '../domain/plan.ts';
import type { Settings, UpkeepLimits } from '../domain/settings.ts';
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
  /** The wake image is brought up to a backup: what is there is looked at, and listed; what changed, and the new list, are written. */
  image: { a: 3, b: 1 },
  /** The control host looks after the backups of one workspace, and finds nothing to do. */
  kept: { a: 5, b: 1 },
  /** And what is new is copied into one vault, and read back from there; the objects come besides. */
  vaulted: { a: 24, b: 22 },
  /** The same where nothing is new. */
  vaultSeen: { a: 18, b: 5 },
  /** All is looked over, and some of all bytes read again; the packs of larger ones come besides. */
  checked: { a: 4, b: 10 },
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

/** How often the control host does what it does by itself. */
interface Rhythm {
  readonly compareEveryMs: number;
  /** So many bytes it reads back for that. */
  readonly comparedBytesMax: number;
  /** Of the backups that were made while people worked, one in so long is left after a while. */
  readonly leftEveryMs: number;
  readonly upkeep: Pick<UpkeepLimits, 'everyMs' | 'vaultEveryMs' | 'checkEveryMs' | 'drillEveryMs' | 'drillBytesMax'>;
}

export function rhythmOf({ agent, save, retention, upkeep }: Settings): Rhythm {
  const leftEveryMs = retention.ladder.find(({ everyMs }) => everyMs > 1)?.everyMs ?? 1;
  return { compareEveryMs: agent.compareEveryMs, comparedBytesMax: save.comparedBytesMax, leftEveryMs, upkeep };
}

/** What storage costs in a month. No free allowance is taken off: it belongs to the account, not to one workspace. */
export function priceOf(
  { intervalMs, days, copies }: Priced,
  day: Day,
  prices: StoragePrices,
  { compareEveryMs, comparedBytesMax, leftEveryMs, upkeep }: Rhythm,
): Price {
  const { hibernations } = day;
  const changingMs = day.changingHours * HOUR;
  const automatic = Math.floor(changingMs / intervalMs);
  const backupsPerDay = automatic + hibernations; // each of which makes a last one
  const comparedPerDay = Math.min(automatic, changingMs / compareEveryMs) + hibernations;
  const keptPerDay = Math.max(1, Math.min(automatic, changingMs / upkeep.everyMs) + hibernations);
  const copiedPerDay =
    backupsPerDay === 0 ? 0 : Math.max(1, hibernations + Math.floor(changingMs / upkeep.vaultEveryMs));
  const imagesPerDay = day.imageBytes === 0 ? 0 : Math.min(automatic, changingMs / IMAGE_EVERY_MS) + hibernations;
  const calls = sumCalls([
    times(CALLS.machine, backupsPerDay),
    times(CALLS.entered, backupsPerDay),
    times(CALLS.compared, comparedPerDay),
    times(CALLS.kept, keptPerDay),
    times(CALLS.compacted, hibernations),
    times(CALLS.headStart, hibernations),
    times(CALLS.image, imagesPerDay),
    times(CALLS.vaulted, (copies - 1) * copiedPerDay),
    times(CALLS.vaultSeen, copies > 1 && copiedPerDay === 0 ? copies - 1 : 0),
    {
      a:
        (copies - 1) *
        copiedObjects(day.changedBytes, Math.min(backupsPerDay, changingMs / leftEveryMs + hibernations)),
      b: 0,
    },
    times(
      { a: 0, b: Math.ceil(Math.min(day.changedBytes, comparedBytesMax) / BLOB_BYTES) },
      Math.min(1, hibernations) + (copies - 1) * Math.min(1, copiedPerDay),
    ),
    times(checkCalls(day.storedBytes), DAY / upkeep.checkEveryMs),
    times(restoreCalls(Math.min(day.storedBytes, upkeep.drillBytesMax)), DAY / upkeep.drillEveryMs),
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

/** Of a day's backups: its packs with their index, and of each snapshot that is left its name, its list and its metadata. */
function copiedObjects(bytes: number, snapshots: number): number {
  return snapshots === 0 ? 0 : objectsOf(bytes) + 3 * (snapshots - 1);
}

/** To look over all of that much, and read a hundredth of it again. */
export function checkCalls(bytes: number): Calls {
  return { a: CALLS.checked.a, b: CALLS.checked.b + Math.floor(bytes / 100 / PACK_BYTES) };
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
const DAY = 24 * HOUR;
const DAYS = 30;
const GB = 1e9;
/** About what restic reads at once of a file that is read back: the files written last are, where they were saved and in vaults. */
const BLOB_BYTES = 1024 * 1024;
const PACK_BYTES = 16 * 1024 * 1024;
const SEGMENT_BYTES = 8 * 1024 * 1024;
