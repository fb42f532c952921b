import type { StorageBill } from '../domain/bill.ts';
import { IMAGE_EVERY_MS } from '../domain/image-head.ts';
import { DAY_MS, dayOf } from '../domain/ledger.ts';
import type { Machine } from '../domain/lifecycle.ts';
import type { Operation } from '../domain/operation.ts';
import type { StoragePrices } from '../domain/settings.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import type { Upkeep } from '../domain/upkeep.ts';
import { CALLS, imageCalls, objectsOf, restoreCalls, sumCalls, times } from './plan-price.ts';

/** What happened to the backups of one workspace, as rows tell it. */
export interface CallsSight {
  readonly snapshots: readonly Snapshot[];
  readonly machines: readonly Machine[];
  readonly operations: readonly Operation[];
  readonly upkeep: Upkeep | null;
  /** How many of them there are. */
  readonly vaults: number;
  /** It has a wake image. */
  readonly image: boolean;
  readonly drillBytesMax: number;
  readonly now: number;
}

/** Counts what was asked of storage since it was counted last. */
export function countCalls(bill: StorageBill, sight: CallsSight): StorageBill {
  const { snapshots, machines, operations, upkeep, vaults, image, drillBytesMax, now } = sight;
  const fresh = (at: number | null | undefined): boolean => at != null && at > bill.countedUntil && at <= now;
  const sizes = new Map(snapshots.map(({ id, sizeBytes }) => [id, sizeBytes]));
  const bytesOf = (snapshot: string | null): number => sizes.get(snapshot ?? '') ?? 0;
  const proved = snapshots.filter(({ provedAt }) => fresh(provedAt)).length;
  const pictured = image ? freshQuarters(snapshots, fresh) : 0;
  const compared = snapshots.filter(({ comparedAt }) => fresh(comparedAt)).length;
  const woken = machines.filter(({ restored, entered }) => restored !== null && fresh(entered.restoring));
  const ended = operations.flatMap(({ endedAt, intent }) => (fresh(endedAt) && intent ? [intent] : []));
  const vaultObjects = vaults > 0 ? (upkeep?.vault?.objects ?? 0) : 0;
  const copied = Math.max(0, vaultObjects - bill.vaultObjects);
  const { drill, compactedAt } = upkeep ?? {};
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
    { a: copied * vaults, b: copied },
  ]);
  return { ...bill, calls, countedUntil: now, vaultObjects };
}

/** In how many quarters of an hour there is one, and none that was counted before. */
function freshQuarters(snapshots: readonly Snapshot[], fresh: (at: number | null) => boolean): number {
  const quarters = Map.groupBy(
    snapshots.filter(({ provedAt }) => provedAt !== null),
    ({ provedAt }) => Math.floor(provedAt! / IMAGE_EVERY_MS),
  );
  return [...quarters.values()].filter((some) => some.every(({ provedAt }) => fresh(provedAt))).length;
}

/** What lies in storage, and what was asked of it, for the days that are over. */
export function meterStorage(bill: StorageBill, { createdAt, bytes, prices, now }: StorageSight): StorageBill {
  const until = dayOf(now);
  const days = (until - bill.storedUntil) / DAY_MS;
  if (days <= 0) return bill;
  const { storedUntil: from } = bill;
  const entry = {
    at: now,
    workspace: bill.id,
    owner: bill.owner,
    machine: null,
    race: null,
    source: 'metered' as const,
    from,
    until,
    settles: null,
    marketMicro: null,
  };
  const day = new Date(from).toISOString().slice(0, 10);
  const name = `${bill.id}/${createdAt}/${day}`;
  const stored = Math.round(((bytes / GB) * prices.microPerGbMonth * days) / MONTH_DAYS);
  const asked = Math.round(bill.calls.a * prices.microPerA + bill.calls.b * prices.microPerB);
  return {
    ...bill,
    storedUntil: until,
    calls: { a: 0, b: 0 },
    pending: [
      ...bill.pending,
      { ...entry, id: `storage/${name}`, for: 'storage', micro: stored },
      ...(asked > 0 ? [{ ...entry, id: `requests/${name}`, for: 'requests' as const, micro: asked }] : []),
    ],
  };
}

export interface StorageSight {
  readonly createdAt: number;
  /** In all places together. */
  readonly bytes: number;
  readonly prices: StoragePrices;
  readonly now: number;
}

const GB = 1e9;
const MONTH_DAYS = 30;
