import { type Bill, costBetween, type Piece, type StorageBill } from '../domain/bill.ts';
import type { Charge } from '../domain/journals.ts';
import { DAY_MS, dayOf, upTo } from '../domain/ledger.ts';
import type { Machine } from '../domain/lifecycle.ts';
import type { Billed } from '../domain/marketplace.ts';
import { costOf, type MicroDollars } from '../domain/money.ts';
import type { StoragePrices } from '../domain/settings.ts';
import { CALLS } from './plan-price.ts';

/** The bill of a machine that is new to the books; null while it may still win its race, or never was. */
export function openBill(machine: Machine, owner: string, marketDollarsPerHour: number | null): Bill | null {
  const { entered, departedAt, state, billedUntil } = machine;
  const worked = entered.running !== undefined || entered.stranded !== undefined;
  if (departedAt === null || (state === 'gone' ? billedUntil === null : !worked)) return null;
  return {
    id: machine.id,
    version: 0,
    workspace: machine.workspace,
    owner,
    race: machine.race,
    marketplace: machine.marketplace,
    instance: machine.instance,
    for: worked ? 'gpu' : 'waste',
    dollarsPerHour: machine.offer.dollarsPerHour,
    marketDollarsPerHour,
    from: departedAt,
    meteredUntil: departedAt,
    endedAt: null,
    raises: [],
    pieces: [],
    lines: {},
    chargedUntil: null,
    pending: [],
    closedAt: null,
  };
}

/** Meters it: a piece for each day that is over, and the last one when it has ended. `ended` null: it still costs. */
export function meter(bill: Bill, ended: number | null, now: number): Bill {
  if (bill.endedAt !== null) return bill;
  const until = ended ?? dayOf(now);
  let { meteredUntil, pieces, pending } = bill;
  const add = (from: number, to: number, sign: 1 | -1): void => {
    const id = `${bill.id}/${pieces.length + 1}`;
    const micro = sign * costBetween(bill, from, to);
    const market = bill.marketDollarsPerHour;
    pieces = [...pieces, { id, micro, from, until: to, settledMicro: 0, entries: 0 }];
    const marketMicro = market === null ? null : sign * costOf(market, to - from);
    pending = [...pending, { ...entryOf(bill, now), id, source: 'metered', micro, from, until: to, marketMicro }];
  };
  while (meteredUntil < until) {
    const to = Math.min(until, dayOf(meteredUntil) + DAY_MS);
    add(meteredUntil, to, 1);
    meteredUntil = to;
  }
  // It had ended before, and nobody knew when the day was closed.
  if (ended !== null && meteredUntil > ended) add(Math.max(ended, bill.from), meteredUntil, -1);
  return { ...bill, meteredUntil: ended ?? meteredUntil, endedAt: ended, pieces, pending };
}

/**
 * Takes the marketplace's own word: each line of its bill becomes an entry, and what we metered for the same time is
 * taken back. Of a machine that has long been gone, its word is the last one.
 */
export function settle(bill: Bill, lines: readonly Billed[], now: number, settleMs: number): Bill {
  if (bill.closedAt !== null && lines.every((line) => bill.lines[line.id]?.micro === line.micro)) return bill;
  const pending = [...bill.pending];
  const known = { ...bill.lines };
  let { chargedUntil } = bill;
  for (const line of lines) {
    const before = known[line.id] ?? { micro: 0, entries: 0 };
    if (line.for === 'gpu') chargedUntil = Math.max(chargedUntil ?? line.until, line.until);
    if (line.micro === before.micro) continue;
    const entries = before.entries + 1;
    known[line.id] = { micro: line.micro, entries };
    pending.push({
      ...entryOf(bill, now),
      id: `${bill.marketplace}/${line.id}#${entries}`,
      for: bill.for === 'waste' ? 'waste' : line.for,
      source: 'charged',
      micro: line.micro - before.micro,
      from: line.from,
      until: line.until,
    });
  }
  const last = bill.endedAt !== null && now >= bill.endedAt + settleMs;
  const pieces = bill.pieces.map((piece) => {
    const settledMicro = last ? piece.micro : chargedUntil === null ? 0 : partBefore(piece, chargedUntil);
    if (settledMicro === piece.settledMicro) return piece;
    const entries = piece.entries + 1;
    const { id, from, until } = piece;
    const micro = piece.settledMicro - settledMicro;
    pending.push({ ...entryOf(bill, now), id: `${id}-${entries}`, source: 'metered', micro, from, until, settles: id });
    return { ...piece, settledMicro, entries };
  });
  return { ...bill, lines: known, chargedUntil, pieces, pending, closedAt: last ? (bill.closedAt ?? now) : null };
}

/** Where a marketplace shows no bill, ours is all there will be. */
export const closeBill = (bill: Bill, now: number): Bill =>
  bill.endedAt === null ? bill : { ...bill, closedAt: bill.closedAt ?? now };

function partBefore({ micro, from, until }: Piece, moment: number): MicroDollars {
  if (until <= from) return moment >= until ? micro : 0;
  return upTo(micro, Math.min(until, Math.max(from, moment)) - from, until - from);
}

function entryOf(bill: Bill, now: number): Omit<Charge, 'id' | 'source' | 'micro' | 'from' | 'until'> {
  const { workspace, owner, id: machine, race, for: purpose } = bill;
  return { at: now, workspace, owner, machine, race, for: purpose, settles: null, marketMicro: null };
}

/** What a machine costs that is not in the ledger yet. */
export function unmetered(
  bill: Pick<Bill, 'meteredUntil' | 'chargedUntil' | 'endedAt' | 'dollarsPerHour' | 'raises'>,
  now: number,
): { readonly from: number; readonly micro: MicroDollars } {
  const from = Math.max(bill.meteredUntil, bill.chargedUntil ?? 0);
  return { from, micro: bill.endedAt === null ? costBetween(bill, from, Math.max(from, now)) : 0 };
}

/** Whose line it is: of two records of one machine the one that was there when it begins. */
export function billOf(line: Billed, bills: readonly Bill[]): Bill | null {
  const same = bills.filter(({ instance }) => instance === line.instance).toSorted((a, b) => a.from - b.from);
  return same.findLast(({ from }) => from <= line.from) ?? same[0] ?? null;
}

/** What lies in storage, and what its snapshots asked of it, for the days that are over. */
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
  const a = CALLS.machine.a + CALLS.entered.a;
  const b = CALLS.machine.b + CALLS.entered.b;
  const stored = Math.round(((bytes / GB) * prices.microPerGbMonth * days) / MONTH_DAYS);
  const asked = Math.round(bill.backups * (a * prices.microPerA + b * prices.microPerB));
  return {
    ...bill,
    storedUntil: until,
    backups: 0,
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
