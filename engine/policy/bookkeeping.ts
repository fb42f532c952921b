import { type Bill, type Counted, costBetween, type Part, type Piece, type PricedNow } from '../domain/bill.ts';
import type { Charge } from '../domain/journals.ts';
import { DAY_MS, dayOf, upTo } from '../domain/ledger.ts';
import type { Machine } from '../domain/lifecycle.ts';
import { type Billed, hasGpu } from '../domain/marketplace.ts';
import { costOf, HOURS_PER_MONTH, type MicroDollars, microDollars } from '../domain/money.ts';

/** What is known of a machine when its bill is opened. */
export interface Opening {
  readonly owner: string;
  readonly marketDollarsPerHour: number | null;
  /** What its host pulled for it at our expense, if it had not got it. */
  readonly pullGb: number;
  /** Of its workspace, which is what is kept while it is stopped; null where that is not known any more. */
  readonly diskGb: number | null;
}

/** The bill of a machine that is new to the books; null while it may still win its race, or never was. */
export function openBill(machine: Machine, { owner, marketDollarsPerHour, pullGb, diskGb }: Opening): Bill | null {
  const { entered, departedAt, state, billedUntil, offer } = machine;
  const worked = entered.running !== undefined || entered.stranded !== undefined;
  if (departedAt === null || (state === 'gone' ? billedUntil === null : !worked)) return null;
  const { stoppedDollarsPerGbMonth: perGb } = offer;
  const purpose = !worked ? 'waste' : hasGpu(offer) ? 'gpu' : 'standby';
  return {
    id: machine.id,
    version: 0,
    workspace: machine.workspace,
    owner,
    race: machine.race,
    marketplace: machine.marketplace,
    instance: machine.instance,
    for: purpose,
    dollarsPerHour: offer.dollarsPerHour,
    stoppedDollarsPerHour: perGb === undefined || diskGb === null ? null : (perGb * diskGb) / HOURS_PER_MONTH,
    stopped: false,
    marketDollarsPerHour: purpose === 'gpu' ? marketDollarsPerHour : null,
    from: departedAt,
    meteredUntil: departedAt,
    endedAt: null,
    raises: [],
    pieces: [],
    lines: {},
    chargedUntil: {},
    traffic: { down: { bytes: pullGb * GB, last: 0 }, up: { bytes: 0, last: 0 }, micro: 0, at: departedAt },
    pending: [],
    closedAt: null,
  };
}

/**
 * Meters it: a piece for each day that is over, one when it is stopped or started again, and the last one when it has
 * ended; and what its network cards counted, where that is paid for.
 */
export function meter(bill: Bill, machine: Machine, network: NetworkCounts | null, now: number): Bill {
  if (bill.endedAt !== null) return bill;
  const { state, since, billedUntil: ended } = machine;
  const stopped = state === 'paused' || (bill.stopped && (state === 'releasing' || state === 'gone'));
  let metered = bill;
  if (stopped !== bill.stopped && bill.stoppedDollarsPerHour !== null)
    metered = { ...meteredTo(bill, Math.min(since, ended ?? since), now), stopped };
  metered = meteredTo(metered, ended ?? dayOf(now), now);
  // It had ended before, and nobody knew when the day was closed.
  if (ended !== null && metered.meteredUntil > ended)
    metered = { ...withPiece(metered, Math.max(ended, bill.from), metered.meteredUntil, -1, now), meteredUntil: ended };
  return meterTraffic({ ...metered, endedAt: ended }, machine, network, now);
}

function meteredTo(bill: Bill, until: number, now: number): Bill {
  let metered = bill;
  while (metered.meteredUntil < until) {
    const { meteredUntil: from } = metered;
    const to = Math.min(until, dayOf(from) + DAY_MS);
    metered = { ...withPiece(metered, from, to, 1, now), meteredUntil: to };
  }
  return metered;
}

function withPiece(bill: Bill, from: number, until: number, sign: 1 | -1, now: number): Bill {
  const market = bill.stopped ? null : bill.marketDollarsPerHour;
  const marketMicro = market === null ? null : sign * costOf(market, until - from);
  const micro = sign * costBetween(bill, from, until);
  return added(bill, { part: bill.stopped ? 'disk' : 'gpu', micro, from, until }, marketMicro, now);
}

function added(bill: Bill, piece: Omit<Piece, 'id' | NotYet>, marketMicro: MicroDollars | null, now: number): Bill {
  const { part, micro, from, until } = piece;
  const id = `${bill.id}/${bill.pieces.length + 1}`;
  const entry: Charge = { ...entryOf(bill, part, now), id, source: 'metered', micro, from, until, marketMicro };
  const pieces = [...bill.pieces, { ...piece, id, settledMicro: 0, entries: 0 }];
  return { ...bill, pieces, pending: [...bill.pending, entry] };
}

type NotYet = 'settledMicro' | 'entries';

/** What network cards have counted since the machine began. */
export interface NetworkCounts {
  readonly receivedBytes: number;
  readonly sentBytes: number;
}

/** Entered by the cent, and the rest of it when the day is over or the machine works no longer. */
function meterTraffic(bill: Bill, { offer, state }: Machine, network: NetworkCounts | null, now: number): Bill {
  const { traffic } = bill;
  const down = counted(traffic.down, network?.receivedBytes);
  const up = counted(traffic.up, network?.sentBytes);
  const all = microDollars((down.bytes * offer.dollarsPerGbDown + up.bytes * offer.dollarsPerGbUp) / GB);
  const micro = all - traffic.micro;
  const until = Math.max(traffic.at, bill.endedAt ?? now);
  const due = micro >= CENT || (micro > 0 && (state !== 'running' || dayOf(now) > dayOf(traffic.at)));
  if (!due) return bill;
  const entered = added(bill, { part: 'bandwidth', micro, from: traffic.at, until }, null, now);
  return { ...entered, traffic: { down, up, micro: all, at: until } };
}

const counted = ({ bytes, last }: Counted, now = last): Counted => ({
  bytes: bytes + (now >= last ? now - last : now),
  last: now,
});

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
    if (line.until > (chargedUntil[line.for] ?? 0)) chargedUntil = { ...chargedUntil, [line.for]: line.until };
    if (line.micro === before.micro) continue;
    const entries = before.entries + 1;
    known[line.id] = { micro: line.micro, entries };
    pending.push({
      ...entryOf(bill, line.for, now),
      id: `${bill.marketplace}/${line.id}#${entries}`,
      source: 'charged',
      micro: line.micro - before.micro,
      from: line.from,
      until: line.until,
    });
  }
  const last = bill.endedAt !== null && now >= bill.endedAt + settleMs;
  const pieces = bill.pieces.map((piece) => {
    const { id, part, from, until } = piece;
    const settledMicro = last ? piece.micro : partBefore(piece, chargedUntil[part] ?? Number.NEGATIVE_INFINITY);
    if (settledMicro === piece.settledMicro) return piece;
    const entries = piece.entries + 1;
    const micro = piece.settledMicro - settledMicro;
    pending.push({
      ...entryOf(bill, part, now),
      id: `${id}-${entries}`,
      source: 'metered',
      micro,
      from,
      until,
      settles: id,
    });
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

function entryOf(bill: Bill, part: Part, now: number): Omit<Charge, 'id' | 'source' | 'micro' | 'from' | 'until'> {
  const { workspace, owner, id: machine, race } = bill;
  const purpose = bill.for === 'waste' ? 'waste' : part === 'gpu' ? bill.for : part;
  return { at: now, workspace, owner, machine, race, for: purpose, settles: null, marketMicro: null };
}

/** What a machine costs that is not in the ledger yet, and the part of it that its marketplace's own bill, which is there, takes back. */
export function unmetered(
  bill: Pick<Bill, 'meteredUntil' | 'chargedUntil'> & PricedNow,
  now: number,
): {
  readonly from: number;
  readonly micro: MicroDollars;
  readonly settledUntil: number;
  readonly settledMicro: MicroDollars;
} {
  const from = Math.min(bill.meteredUntil, now);
  const settledUntil = Math.min(now, Math.max(from, bill.chargedUntil[bill.stopped ? 'disk' : 'gpu'] ?? 0));
  return {
    from,
    micro: costBetween(bill, from, now),
    settledUntil,
    settledMicro: costBetween(bill, from, settledUntil),
  };
}

/** Whose line it is: of two records of one machine the one that was there when it begins. */
export function billOf(line: Billed, bills: readonly Bill[]): Bill | null {
  const same = bills.filter(({ instance }) => instance === line.instance).toSorted((a, b) => a.from - b.from);
  return same.findLast(({ from }) => from <= line.from) ?? same[0] ?? null;
}

const CENT = 10_000;
const GB = 1e9;
