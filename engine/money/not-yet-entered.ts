import type { Bill } from '../domain/bill.ts';
import type { Charge } from '../domain/journals.ts';
import type { Machine } from '../domain/lifecycle.ts';
import { hasGpu } from '../domain/marketplace.ts';
import { costOf } from '../domain/money.ts';
import type { Ports } from '../domain/ports.ts';
import type { Workspace } from '../domain/workspace.ts';
import { unmetered } from '../policy/bookkeeping.ts';
import { addUses, meterStorage, restOf } from '../policy/storage-bill.ts';

/** What costs right now, since it was last entered: machines, also those that still race, and what lies in storage. */
export async function notYetEntered(rows: ReadonlyMap<string, Workspace>, ports: Ports): Promise<readonly Charge[]> {
  const now = ports.clock.now();
  const bills = new Map((await ports.store.list('bills')).map((bill) => [bill.id, bill]));
  const machines = (await ports.store.list('machines')).flatMap((machine) => {
    const bill = bills.get(machine.id);
    if (machine.state === 'gone' || machine.departedAt === null || (bill && bill.endedAt !== null)) return [];
    return ofMachine(machine, bill, rows.get(machine.workspace)?.owner ?? '', now);
  });
  return [...machines, ...(await ofStorage(ports))];
}

/** As it will be entered at midnight. What an account has for nothing goes to one after the other, as it does then. */
async function ofStorage({ clock, store, settings, vaults }: Ports): Promise<readonly Charge[]> {
  const now = clock.now();
  const bills = await store.list('storage-bills');
  let used = addUses(bills.flatMap((bill) => bill.used ?? []));
  const charges: Charge[] = [];
  for (const bill of bills) {
    const { bill: lying, ends } = bill.endedAt === null ? { bill, ends: now } : restOf(bill, bill.endedAt, vaults);
    const until = Math.min(now, ends);
    if (until <= bill.storedUntil) continue;
    const sight = { until, prices: settings.storagePrices, others: used, now };
    const metered = meterStorage({ ...lying, used: null, pending: [] }, sight);
    if (metered.used) used = addUses([...used, metered.used]);
    charges.push(...metered.pending);
  }
  return charges;
}

/** As its bill will be entered: all that was metered, and what is taken back of it where the marketplace has billed that time. */
function ofMachine(machine: Machine, bill: Bill | undefined, owner: string, now: number): readonly Charge[] {
  const { id, workspace, race, offer, departedAt, entered } = machine;
  const worked = entered.running !== undefined || entered.stranded !== undefined;
  const open = {
    dollarsPerHour: offer.dollarsPerHour,
    raises: [],
    meteredUntil: departedAt ?? now,
    chargedUntil: {},
  };
  const { from, micro, settledUntil, settledMicro } = unmetered(bill ?? open, now);
  const market = bill?.stopped ? null : (bill?.marketDollarsPerHour ?? null);
  const metered: Charge = {
    at: now,
    id: `${id}/now`,
    workspace,
    owner: bill?.owner ?? owner,
    machine: id,
    race,
    for: bill?.stopped ? 'disk' : !worked ? 'waste' : hasGpu(offer) ? 'gpu' : 'standby',
    source: 'metered',
    micro,
    from,
    until: now,
    settles: null,
    marketMicro: market === null ? null : costOf(market, now - from),
  };
  if (settledMicro === 0) return [metered];
  return [
    metered,
    {
      ...metered,
      id: `${id}/now-1`,
      micro: -settledMicro,
      until: settledUntil,
      settles: metered.id,
      marketMicro: null,
    },
  ];
}
