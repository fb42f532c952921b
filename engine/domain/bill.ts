import type { Charge } from './journals.ts';
import type { Billed } from './marketplace.ts';
import { costOf, type MicroDollars } from './money.ts';
import type { Calls } from './storage-prices.ts';

/**
 * What one machine costs, as far as it is in the ledger. Only the bookkeeper writes it. Its id is the machine's, whose own
 * row may be gone before the marketplace has said its last word.
 */
export interface Bill {
  readonly id: string;
  readonly version: number;
  readonly workspace: string;
  readonly owner: string;
  readonly race: string | null;
  readonly marketplace: string;
  readonly instance: string | null;
  /** `waste`: nobody ever worked on it; `standby`: it has no GPU. */
  readonly for: 'gpu' | 'waste' | 'standby';
  readonly dollarsPerHour: number;
  /** While it is stopped, for its disk; null where nobody says, and it counts as if it ran. */
  readonly stoppedDollarsPerHour: number | null;
  /** How it is metered from `meteredUntil` on. */
  readonly stopped: boolean;
  /** Of the median offer when its race began; null where nobody looked. */
  readonly marketDollarsPerHour: number | null;
  readonly from: number;
  /** Up to here it is in the ledger, by our own clock. */
  readonly meteredUntil: number;
  /** When it stopped costing; null while it does. */
  readonly endedAt: number | null;
  /** When its marketplace ends its rental; missing where nobody says that it does. */
  readonly endsAt?: number | undefined;
  /** What its host wants more, in the order of their time. */
  readonly raises: readonly Raise[];
  /** What we metered, and how much of each was taken back since. */
  readonly pieces: readonly Piece[];
  /** What the marketplace's own bill says by now, line by line, and how many entries of the ledger that took. */
  readonly lines: Readonly<Record<string, { readonly micro: MicroDollars; readonly entries: number }>>;
  /** Up to here the marketplace's own bill goes, for each part that it names; missing before it came. */
  readonly chargedUntil: Readonly<Partial<Record<Part, number>>>;
  readonly traffic: Traffic;
  /** Not known to be in the ledger. They are written, under the same names, before anything else is done with this row. */
  readonly pending: readonly Charge[];
  /** Nothing more is expected. */
  readonly closedAt: number | null;
}

/** From then on its host wants this much. It costs that only where somebody agreed. */
export interface Raise {
  /** The marketplace's name for it. */
  readonly id: string;
  readonly from: number;
  readonly dollarsPerHour: number;
  /** What gets dearer besides the hour, in words. */
  readonly besides: string | null;
  readonly agreed: boolean;
}

type Priced = Pick<Bill, 'dollarsPerHour' | 'raises'>;
export type PricedNow = Priced & Partial<Pick<Bill, 'stopped' | 'stoppedDollarsPerHour'>>;

/** What an hour costs at that moment, if it runs. */
export function rateAt({ dollarsPerHour, raises }: Priced, at: number): number {
  return raises.findLast(({ agreed, from }) => agreed && from <= at)?.dollarsPerHour ?? dollarsPerHour;
}

/** What it costs from then to then. */
export function costBetween(bill: PricedNow, from: number, until: number): MicroDollars {
  if (bill.stopped && bill.stoppedDollarsPerHour != null) return costOf(bill.stoppedDollarsPerHour, until - from);
  const changes = bill.raises.filter((raise) => raise.agreed && raise.from > from && raise.from < until);
  const edges = [from, ...changes.map((raise) => raise.from), until];
  return edges.slice(1).reduce((sum, to, i) => {
    const start = edges[i] ?? from;
    return sum + costOf(rateAt(bill, start), to - start);
  }, 0);
}

/** What a marketplace bills a machine for. A running machine's disk is in the price of its offer, so in `gpu`. */
export type Part = Billed['for'];

/** What came to a machine and went from it: its image, and what its network cards counted. */
export interface Traffic {
  readonly down: Counted;
  readonly up: Counted;
  /** So much of it is in the ledger, and since then more came. */
  readonly micro: MicroDollars;
  readonly at: number;
}

/** A count that begins anew when its machine does. */
export interface Counted {
  readonly bytes: number;
  readonly last: number;
}

export interface Piece {
  readonly id: string;
  readonly part: Part;
  readonly micro: MicroDollars;
  readonly from: number;
  readonly until: number;
  readonly settledMicro: MicroDollars;
  readonly entries: number;
}

/**
 * What storage of one workspace costs, as far as it is in the ledger. Its id is the workspace's; it outlives it, as long as
 * something of it lies in a vault, and until the month is over of whose allowance it had a part.
 */
export interface StorageBill {
  readonly id: string;
  readonly version: number;
  readonly owner: string;
  /** When its workspace was made: the name may be taken again. */
  readonly since: number;
  readonly endedAt: number | null;
  readonly storedUntil: number;
  /** What lay there when that was last looked at. */
  readonly bytes: { readonly hot: number; readonly vault: number; readonly elsewhere: number };
  /** What was asked of storage since then, counted up to `countedUntil`, and of the other service. */
  readonly calls: Calls;
  readonly elsewhere: Calls;
  readonly outBytes: number;
  readonly countedUntil: number;
  /** How many objects the vault held then: what is new there was read here and written there. */
  readonly vaultObjects: number;
  /** Its part of what the account used in the month of its last entry. */
  readonly used: MonthUse | null;
  readonly pending: readonly Charge[];
}

export interface MonthUse {
  readonly month: number;
  readonly here: Use;
  readonly elsewhere: Use;
}

export interface Use extends Calls {
  readonly gbDays: number;
  readonly gbOut: number;
}

export const NO_USE: Use = { gbDays: 0, a: 0, b: 0, gbOut: 0 };
