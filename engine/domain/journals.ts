import type { AccountSums, SumsWanted } from './ledger.ts';
import type { State } from './lifecycle.ts';
import type { MicroDollars } from './money.ts';

/** Append-only, a file a month. What was written is never changed; sums are computed from it. */
export interface Journals {
  append<J extends Journal>(journal: J, entry: Entries[J]): Promise<void>;
  /** Entries from `since` on, oldest first. */
  read<J extends Journal>(journal: J, since: number): Promise<readonly Entries[J][]>;
  /** What the ledger adds up to by day, account after account in the order of their names. It reads sums, not entries. */
  sums(wanted: SumsWanted): AsyncIterable<AccountSums>;
  /** The ledger entry by entry, each once: for what is not in its sums. */
  charges(wanted: { readonly since: number; readonly workspace?: string | undefined }): AsyncIterable<Charge>;
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
  /** It did not fail: the race would not wait for it any longer. */
  readonly slow?: boolean | undefined;
  /** How fast storage came to it; only where it was measured. */
  readonly mbps?: number | undefined;
  /** What was brought back onto it; of that stage alone. */
  readonly restoredGb?: number | undefined;
}

/** `waste` is what the losers of races cost, whatever it was for. */
export const CHARGED_FOR = ['gpu', 'disk', 'bandwidth', 'waste', 'storage', 'requests', 'standby'] as const;
export type ChargedFor = (typeof CHARGED_FOR)[number];

/** One entry of the ledger. Negative where it takes back a part of an earlier one, which stays as it was written. */
export interface Charge {
  readonly at: number;
  /** Names it for ever: an entry that is written twice counts once. */
  readonly id: string;
  readonly workspace: string;
  /** Whose workspace it was then. */
  readonly owner: string;
  /** Null for what storage costs. */
  readonly machine: string | null;
  readonly race: string | null;
  readonly for: ChargedFor;
  /** `metered` by us, from prices and clocks; `charged` is what the marketplace's own bill says. */
  readonly source: 'metered' | 'charged';
  readonly micro: MicroDollars;
  readonly from: number;
  readonly until: number;
  /** The metered entry that it takes back, because the marketplace's own bill came. */
  readonly settles: string | null;
  /** What the marketplace's median offer for the same need would have cost; null where nobody looked. */
  readonly marketMicro: MicroDollars | null;
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
  /** Only some files of it, since it is more than the control host has room for. */
  readonly part?: boolean | undefined;
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
