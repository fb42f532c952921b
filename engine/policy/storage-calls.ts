import type { StorageBill } from '../domain/bill.ts';
import { IMAGE_EVERY_MS } from '../domain/image-head.ts';
import type { Machine } from '../domain/lifecycle.ts';
import type { Operation } from '../domain/operation.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import type { Upkeep } from '../domain/upkeep.ts';
import { CALLS, checkCalls, imageCalls, objectsOf, restoreCalls, sumCalls, times } from './plan-price.ts';

/** What happened to the backups of one workspace, as rows tell it. */
export interface CallsSight {
  readonly snapshots: readonly Snapshot[];
  readonly machines: readonly Machine[];
  readonly operations: readonly Operation[];
  readonly upkeep: Upkeep | null;
  /** Whether there is one beside it, and one at the other service. */
  readonly vault: boolean;
  readonly elsewhere: boolean;
  /** It has a wake image. */
  readonly image: boolean;
  readonly drillBytesMax: number;
  readonly now: number;
}

/** Counts what was asked of storage since it was counted last. */
export function countCalls(bill: StorageBill, sight: CallsSight): StorageBill {
  const { snapshots, machines, operations, upkeep, vault, elsewhere, image, drillBytesMax, now } = sight;
  const fresh = (at: number | null | undefined): boolean => at != null && at > bill.countedUntil && at <= now;
  const sizes = new Map(snapshots.map(({ id, sizeBytes }) => [id, sizeBytes]));
  const bytesOf = (snapshot: string | null): number => sizes.get(snapshot ?? '') ?? 0;
  const proved = snapshots.filter(({ provedAt }) => fresh(provedAt)).length;
  const pictured = image ? freshQuarters(snapshots, fresh) : 0;
  const compared = snapshots.filter(({ comparedAt }) => fresh(comparedAt)).length;
  const woken = machines.filter(({ restored, entered }) => restored !== null && fresh(entered.restoring));
  const ended = operations.flatMap(({ endedAt, intent }) => (fresh(endedAt) && intent ? [intent] : []));
  const vaultUsage = vault || elsewhere ? (upkeep?.vault ?? null) : null;
  const vaultObjects = vaultUsage?.objects ?? 0;
  const copied = Math.max(0, vaultObjects - bill.vaultObjects);
  const { drill, compactedAt, doneAt, checkedAt, hot } = upkeep ?? {};
  const looked = fresh(vaultUsage?.at) ? (copied > 0 ? CALLS.vaulted : CALLS.vaultSeen) : NONE;
  const calls = sumCalls([
    bill.calls,
    times(sumCalls([CALLS.machine, CALLS.entered]), proved),
    times(CALLS.compared, compared),
    times(CALLS.image, pictured),
    ...woken.map(({ restored }) => (image ? imageCalls : restoreCalls)(bytesOf(restored))),
    ...ended.flatMap((intent) => ('fetch' in intent ? [restoreCalls(0)] : [])),
    ...ended.flatMap((intent) => {
      const copy = 'clone' in intent ? intent.clone : 'give' in intent ? intent.give : null;
      return copy ? [{ a: objectsOf(bytesOf(copy.snapshot)), b: objectsOf(bytesOf(copy.snapshot)) }] : [];
    }),
    ...(fresh(compactedAt) ? [CALLS.compacted, CALLS.headStart] : []),
    ...(drill && fresh(drill.at) ? [restoreCalls(Math.min(bytesOf(drill.snapshot), drillBytesMax))] : []),
    ...(fresh(doneAt) ? [CALLS.kept] : []),
    ...(fresh(checkedAt) ? [checkCalls(hot?.bytes ?? 0)] : []),
    ...(vault ? [looked] : []),
    { a: vault ? copied : 0, b: copied },
  ]);
  const drilled = drill && fresh(drill.at) ? Math.min(bytesOf(drill.snapshot), drillBytesMax) : 0;
  const carried = elsewhere && vaultUsage ? (copied * vaultUsage.bytes) / Math.max(1, vaultObjects) : 0;
  const out = woken.reduce((sum, { restored }) => sum + bytesOf(restored), drilled + carried);
  return {
    ...bill,
    bytes: {
      hot: upkeep?.hot?.bytes ?? 0,
      vault: vault ? (vaultUsage?.bytes ?? 0) : 0,
      elsewhere: elsewhere ? (vaultUsage?.bytes ?? 0) : 0,
    },
    calls,
    elsewhere: sumCalls([bill.elsewhere, ...(elsewhere ? [looked, { a: copied, b: 0 }] : [])]),
    outBytes: bill.outBytes + Math.round(out),
    countedUntil: now,
    vaultObjects,
  };
}

const NONE = { a: 0, b: 0 } as const;

/** In how many quarters of an hour there is one, and none that was counted before. */
function freshQuarters(snapshots: readonly Snapshot[], fresh: (at: number | null) => boolean): number {
  const quarters = Map.groupBy(
    snapshots.filter(({ provedAt }) => provedAt !== null),
    ({ provedAt }) => Math.floor(provedAt! / IMAGE_EVERY_MS),
  );
  return [...quarters.values()].filter((some) => some.every(({ provedAt }) => fresh(provedAt))).length;
}
