import { type AlertKind, alertId } from './domain/alert.ts';
import { type Bill, rateAt } from './domain/bill.ts';
import { isFailure, reasonOf } from './domain/failures.ts';
import type { PriceIncrease } from './domain/marketplace.ts';
import type { Marketplace, Ports } from './domain/ports.ts';
import type { Workspace } from './domain/workspace.ts';
import { capOf, isPaid, raisesOf, raiseWords, rentalEnd } from './policy/price-increase.ts';
import { type Ringing, settleAlerts } from './process/alerts.ts';

/**
 * Hears what hosts want more, and when rentals end. People are told in any case; agreed is to what their own cap allows, and to
 * nothing else.
 */
export async function watchIncreases(ports: Ports, signal: AbortSignal): Promise<void> {
  const bills = (await ports.store.list('bills')).filter(({ endedAt, instance }) => endedAt === null && instance);
  const ringing = new Map<string, Ringing>();
  const unknown = new Set<string>();
  for (const [name, mine] of Map.groupBy(bills, ({ marketplace }) => marketplace)) {
    const marketplace = ports.marketplaces.get(name);
    if (!marketplace?.increases) continue;
    try {
      const asked = Map.groupBy(await marketplace.increases(signal), ({ instance }) => instance);
      const ends = new Map((await marketplace.list(signal)).map(({ instance, endsAt }) => [instance, endsAt]));
      for (const bill of mine) {
        const known = { ...bill, endsAt: ends.get(bill.instance ?? '') ?? bill.endsAt };
        const row = await look(bill, known, asked.get(bill.instance ?? '') ?? [], marketplace, ports, signal);
        const workspace = await ports.store.read('workspaces', row.workspace);
        for (const [id, alarm] of alarmsOf(row, workspace, ports.clock.now())) ringing.set(id, alarm);
      }
    } catch (cause) {
      signal.throwIfAborted();
      if (!isFailure(cause)) throw cause;
      for (const { workspace } of mine) unknown.add(workspace);
      ports.log('increases.not_read', { marketplace: name, why: reasonOf(cause) }, 'WARNING');
    }
  }
  await settleAlerts(ringing, ({ kind, workspace }) => OURS.has(kind) && !unknown.has(workspace ?? ''), ports);
}

const OURS: ReadonlySet<AlertKind> = new Set(['price_refused', 'price_raised', 'rental_ending']);

/** The yes is written down before it is said: after a crash in between it is said again. */
async function look(
  bill: Bill,
  known: Bill,
  asked: readonly PriceIncrease[],
  marketplace: Marketplace,
  ports: Ports,
  signal: AbortSignal,
): Promise<Bill> {
  const workspace = await ports.store.read('workspaces', bill.workspace);
  const cap = workspace ? capOf(workspace) : undefined;
  const raises = raisesOf(bill, asked).map((raise) => ({ ...raise, agreed: raise.agreed || isPaid(raise, cap) }));
  const same = JSON.stringify(raises) === JSON.stringify(bill.raises) && known.endsAt === bill.endsAt;
  const row = same ? bill : await ports.store.save('bills', { ...known, raises });
  for (const { id, agreed } of row.raises)
    if (agreed && asked.some((one) => one.id === id)) await marketplace.agree?.(id, signal);
  return row;
}

function alarmsOf(bill: Bill, workspace: Workspace | null, now: number): readonly (readonly [string, Ringing])[] {
  const cap = workspace ? capOf(workspace) : undefined;
  const ends = rentalEnd(bill, now, TOLD_MS);
  if (ends !== null && workspace?.claim?.machine === bill.id)
    return [
      [alertId('rental_ending', bill.workspace), { kind: 'rental_ending', workspace: bill.workspace, why: ends }],
    ];
  return bill.raises
    .filter(({ agreed, from }) => !agreed || from > now)
    .map((raise) => {
      const kind = raise.agreed ? 'price_raised' : 'price_refused';
      const why = raiseWords(raise, rateAt(bill, Math.min(now, raise.from - 1)), cap, now);
      return [alertId(kind, bill.workspace), { kind, workspace: bill.workspace, why }] as const;
    });
}

/** People hear this long before that a rental ends. */
const TOLD_MS = 12 * 3_600_000;
