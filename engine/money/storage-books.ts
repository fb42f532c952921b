import type { MonthUse, StorageBill } from '../domain/bill.ts';
import { dayOf } from '../domain/ledger.ts';
import type { Machine } from '../domain/lifecycle.ts';
import type { Ports } from '../domain/ports.ts';
import type { Workspace } from '../domain/workspace.ts';
import { meterStorage, monthOf, restOf } from '../policy/storage-bill.ts';
import { type CallsSight, countCalls } from '../policy/storage-calls.ts';
import { update } from '../steps/update.ts';
import { enter, entered } from './enter-charges.ts';

/** What storage costs of each workspace: counted every few minutes, entered for each day that is over, and when it goes. */
export async function keepStorageBooks(
  workspaces: readonly Workspace[],
  machines: readonly Machine[],
  ports: Ports,
): Promise<void> {
  const { clock, store } = ports;
  const bills = new Map((await store.list('storage-bills')).map((bill) => [bill.id, bill]));
  const rows = new Map(workspaces.map((row) => [row.id, row]));
  const others = (id: string): readonly MonthUse[] =>
    [...bills.values()].flatMap((bill) => (bill.id === id || bill.used === null ? [] : [bill.used]));
  const keep = async (bill: StorageBill, until: number): Promise<void> => {
    const sight = { until, prices: ports.settings.storagePrices, others: others(bill.id), now: clock.now() };
    bills.set(bill.id, await enter('storage-bills', meterStorage(bill, sight), ports));
  };
  for (const bill of bills.values())
    if (bill.pending.length > 0) bills.set(bill.id, await entered('storage-bills', bill, ports));

  for (const bill of bills.values()) {
    const row = rows.get(bill.id);
    if (row?.createdAt === bill.since) continue;
    const until = row?.createdAt ?? clock.now();
    if (bill.endedAt === null) await keep({ ...bill, endedAt: until }, until);
    const ended = bills.get(bill.id) ?? bill;
    if (row) bills.set(bill.id, { ...noBill(row), version: ended.version, used: ended.used });
    else await keepRest(ended, keep, ports);
  }
  const due = workspaces.filter(({ id }) => isDue(bills.get(id), clock.now()));
  if (due.length === 0) return;
  const happened = await happenings(machines, ports);
  for (const workspace of due) {
    const counted = await count(bills.get(workspace.id) ?? noBill(workspace), workspace, happened, ports);
    await keep(counted, dayOf(clock.now()));
  }
}

/** Whatever is known of it is counted now: its snapshots go with it. */
export async function countLast(workspace: Workspace, ports: Ports): Promise<void> {
  const happened = await happenings(await ports.store.list('machines'), ports);
  const bill = await ports.store.read('storage-bills', workspace.id);
  if (bill?.since !== workspace.createdAt) return;
  const counted = await count(bill, workspace, happened, ports);
  await update(ports.store, 'storage-bills', workspace.id, (row) =>
    row.countedUntil === bill.countedUntil ? { ...counted, version: row.version, pending: row.pending } : null,
  );
}

async function keepRest(
  bill: StorageBill,
  keep: (bill: StorageBill, until: number) => Promise<void>,
  { clock, store, vaults }: Ports,
): Promise<void> {
  const now = clock.now();
  const { bill: rest, ends } = restOf(bill, bill.endedAt ?? now, vaults);
  const until = now >= ends ? ends : dayOf(now);
  if (until > bill.storedUntil) await keep(rest, until);
  else if (now >= ends && (bill.used?.month ?? 0) < monthOf(now)) await store.remove('storage-bills', bill);
}

interface Happened {
  readonly of: (workspace: string) => Pick<CallsSight, 'snapshots' | 'machines' | 'operations'>;
}

async function happenings(machines: readonly Machine[], { store }: Ports): Promise<Happened> {
  const by = ({ workspace }: { readonly workspace: string }): string => workspace;
  const snapshots = Map.groupBy(await store.list('snapshots'), by);
  const operations = Map.groupBy(await store.list('operations'), by);
  const mine = Map.groupBy(machines, by);
  return {
    of: (id) => ({
      snapshots: snapshots.get(id) ?? [],
      machines: mine.get(id) ?? [],
      operations: operations.get(id) ?? [],
    }),
  };
}

async function count(bill: StorageBill, workspace: Workspace, happened: Happened, ports: Ports): Promise<StorageBill> {
  const { id, owner, spec } = workspace;
  const upkeep = await ports.store.read('upkeep', id);
  const has = (name: string): boolean => ports.vaults.some((vault) => vault.name === name);
  return countCalls(
    { ...bill, owner },
    {
      ...happened.of(id),
      upkeep,
      vault: has('vault'),
      elsewhere: has('elsewhere'),
      image: spec.wakeImage,
      drillBytesMax: ports.settings.upkeep.drillBytesMax,
      now: ports.clock.now(),
    },
  );
}

function noBill({ id, owner, createdAt }: Workspace): StorageBill {
  return {
    id,
    version: 0,
    owner,
    since: createdAt,
    endedAt: null,
    storedUntil: createdAt,
    bytes: { hot: 0, vault: 0, elsewhere: 0 },
    calls: { a: 0, b: 0 },
    elsewhere: { a: 0, b: 0 },
    outBytes: 0,
    countedUntil: createdAt,
    vaultObjects: 0,
    used: null,
    pending: [],
  };
}

/** Often enough that no snapshot goes between two looks: the newest are kept for longer than that. */
function isDue(bill: StorageBill | undefined, now: number): boolean {
  return !bill || now - bill.countedUntil >= COUNT_MS || dayOf(now) > bill.storedUntil;
}

const COUNT_MS = 5 * 60_000;
