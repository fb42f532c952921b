import type { Bill } from '../domain/bill.ts';
import { isFailure, reasonOf } from '../domain/failures.ts';
import { DAY_MS } from '../domain/ledger.ts';
import type { Machine } from '../domain/lifecycle.ts';
import type { Billed } from '../domain/marketplace.ts';
import type { Marketplace, Ports } from '../domain/ports.ts';
import type { Workspace } from '../domain/workspace.ts';
import { billOf, closeBill, meter, type NetworkCounts, openBill, settle } from '../policy/bookkeeping.ts';
import { countWaste } from './count-waste.ts';
import { enter, entered } from './enter-charges.ts';
import { keepStorageBooks } from './storage-books.ts';

/**
 * Brings the ledger up to what is known: it alone writes there. Whatever a crash cut off is written again first, under
 * the same names, so that nothing counts twice and nothing is left out.
 */
export async function keepBooks(ports: Ports): Promise<void> {
  const [machines, bills, workspaces] = await Promise.all([
    ports.store.list('machines'),
    ports.store.list('bills'),
    ports.store.list('workspaces'),
  ]);
  const known = new Map(bills.map((bill) => [bill.id, bill]));
  const rows = new Map(workspaces.map((row) => [row.id, row]));
  for (const bill of bills) if (bill.pending.length > 0) known.set(bill.id, await entered('bills', bill, ports));
  for (const machine of machines) {
    const before = known.get(machine.id) ?? (await opened(machine, rows.get(machine.workspace), ports));
    if (!before || before.endedAt !== null) continue;
    const bill = { ...before, instance: machine.instance ?? before.instance };
    const after = meter(bill, machine, countsOf(machine, ports), ports.clock.now());
    if (
      after.pieces !== before.pieces ||
      after.stopped !== before.stopped ||
      after.endedAt !== null ||
      before.version === 0
    )
      await enter('bills', after, ports);
  }
  await countWaste(ports, { again: false });
  await keepStorageBooks(workspaces, machines, ports);
}

async function opened(machine: Machine, workspace: Workspace | undefined, ports: Ports): Promise<Bill | null> {
  const race = machine.race === null ? null : await ports.store.read('races', machine.race);
  return openBill(machine, {
    owner: workspace?.owner ?? '',
    marketDollarsPerHour: race?.marketDollarsPerHour ?? null,
    pullGb: race?.racers.find((racer) => racer.machine === machine.id)?.pullGb ?? 0,
    diskGb: workspace?.spec.diskGb ?? null,
  });
}

/** Only where what a machine counts is what its marketplace bills. */
function countsOf({ id, marketplace }: Machine, ports: Ports): NetworkCounts | null {
  if (!ports.marketplaces.get(marketplace)?.terms?.ownNetwork) return null;
  return ports.heartbeats.latest(id)?.status.network ?? null;
}

/** Reads the marketplaces' own bills. One that does not answer keeps the others from nothing. */
export async function readBills(ports: Ports, signal: AbortSignal): Promise<void> {
  const bills = (await ports.store.list('bills')).filter(({ pending }) => pending.length === 0);
  const ofMarketplace = Map.groupBy(bills, ({ marketplace }) => marketplace);
  for (const [name, some] of ofMarketplace) {
    const marketplace = ports.marketplaces.get(name);
    try {
      if (marketplace) await readBill(marketplace, some, ports, signal);
    } catch (cause) {
      signal.throwIfAborted();
      if (!isFailure(cause)) throw cause;
      ports.log('bill.not_read', { marketplace: name, why: reasonOf(cause) }, 'WARNING');
    }
  }
  await countWaste(ports, { again: true });
}

async function readBill(
  marketplace: Marketplace,
  bills: readonly Bill[],
  ports: Ports,
  signal: AbortSignal,
): Promise<void> {
  const now = ports.clock.now(); // before it is asked: what it does not say of a later moment proves nothing
  const { settleMs } = ports.settings.money;
  const open = bills.filter(({ closedAt }) => closedAt === null);
  if (!marketplace.charges) {
    for (const bill of open) if (bill.endedAt !== null) await ports.store.save('bills', closeBill(bill, now));
    return;
  }
  if (bills.every(({ closedAt }) => closedAt !== null && closedAt < now - LATE_MS)) return;
  const since = Math.min(now - LATE_MS, ...open.map((bill) => (bill.chargedUntil.gpu ?? bill.from) - DAY_MS));
  const lines = await marketplace.charges(Math.max(0, since), signal);
  const linesOf = new Map<string, Billed[]>();
  for (const line of lines) {
    const bill = billOf(line, bills);
    if (bill) linesOf.set(bill.id, [...(linesOf.get(bill.id) ?? []), line]);
  }
  for (const bill of bills) {
    const after = settle(bill, linesOf.get(bill.id) ?? [], now, settleMs);
    if (after.pending.length > 0 || after.closedAt !== bill.closedAt || after.chargedUntil !== bill.chargedUntil)
      await enter('bills', after, ports);
    if (after.closedAt !== null && bill.closedAt === null) tellDifference(after, ports);
  }
}

/** A marketplace's own bill is looked through again for so long. */
const LATE_MS = 7 * DAY_MS;

function tellDifference(bill: Bill, ports: Ports): void {
  const meteredMicro = bill.pieces.reduce((sum, { micro }) => sum + micro, 0);
  const chargedMicro = Object.values(bill.lines).reduce((sum, { micro }) => sum + micro, 0);
  const { id: machine, workspace, marketplace } = bill;
  const level = Math.abs(chargedMicro - meteredMicro) > 0.1 * meteredMicro ? 'WARNING' : 'DEBUG';
  ports.log('bill.closed', { machine, workspace, marketplace, meteredMicro, chargedMicro }, level);
}
