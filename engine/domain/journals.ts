import type { State } from './lifecycle.ts';
import type { MicroDollars } from './money.ts';

/** Append-only, a file a month. What was written is never changed; sums are computed from it. */
export interface Journals {
  append<J extends Journal>(journal: J, entry: Entries[J]): Promise<void>;
  /** Entries from `since` on, oldest first. */
  read<J extends Journal>(journal: J, since: number): Promise<readonly Entries[J][]>;
  /** Whether every entry of the audit is as it was written, and follows the one it followed then. */
  verify(): Promise<Seal>;
}

/** Each entry of the audit carries a mark over itself and the mark before it, which only the holder of the master key can make. */
export interface Seal {
  readonly entries: number;
  /** The last mark. Whoever notes it down elsewhere can tell later that nothing before it was cut off. */
  readonly head: string | null;
  /** Where it is not whole. */
  readonly broken: { readonly file: string; readonly line: number; readonly why: string } | null;
}

export interface Entries {
  boots: Boot;
  ledger: Charge;
  audit: Deed;
  events: Told;
  drills: Drill;
}
export type Journal = keyof Entries;

/** How long one stage of one machine's start took, or that it ended there. Hosts are remembered by these. */
export interface Boot {
  readonly at: number;
  readonly machine: string;
  readonly marketplace: string;
  readonly physical: string;
  readonly host: string;
  readonly image: string;
  readonly stage: State;
  readonly ms: number;
  readonly ok: boolean;
  readonly why: string;
}

export interface Charge {
  readonly at: number;
  readonly workspace: string;
  readonly machine: string;
  readonly race: string | null;
  /** `waste` is what the race's losers cost. */
  readonly for: 'gpu' | 'waste' | 'bandwidth' | 'storage' | 'requests' | 'standby';
  readonly micro: MicroDollars;
  readonly from: number;
  readonly until: number;
}

/** Who did what to what. */
export interface Deed {
  readonly at: number;
  readonly by: string;
  readonly verb: string;
  readonly on: string;
  readonly result: string;
  readonly why: string;
  /** The address and what was shown there; missing for what Dumont does by itself. */
  readonly from?: string | undefined;
}

/** A snapshot that was really restored on the control host, and compared with the hashes its machine wrote down. */
export interface Drill {
  readonly at: number;
  readonly workspace: string;
  readonly snapshot: string;
  /** Of the restore alone. */
  readonly ms: number;
  readonly bytes: number;
  readonly files: number;
  readonly ok: boolean;
  readonly why: string;
}

export interface Told {
  readonly at: number;
  readonly number: number;
  readonly event: string;
  readonly workspace: string | null;
  readonly facts: Readonly<Record<string, unknown>>;
}
