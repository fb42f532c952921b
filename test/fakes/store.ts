import type { Entries, Journal, Journals, Seal } from '../../engine/domain/journals.ts';
import { type AccountSums, addCharge, type Sums, type SumsWanted } from '../../engine/domain/ledger.ts';
import type { Kind, Rows, Store } from '../../engine/domain/ports.ts';
import { ENTRY_SHAPES } from '../../engine/store/entry-shapes.ts';
import { faultIn } from '../../engine/store/row-shapes.ts';
import { claimed, type Lease, leased, removable, saved, unclaimed } from '../../engine/store/rules.ts';
import { frozen } from '../../engine/store/tables.ts';

/** Rows in memory, under the same rules as those on disk. It passes the same contract suite, and outlives the engines of a test. */
export class FakeStore implements Store {
  readonly #rows: { [K in Kind]: Map<string, Rows[K]> } = {
    workspaces: new Map(),
    machines: new Map(),
    races: new Map(),
    snapshots: new Map(),
    operations: new Map(),
    accounts: new Map(),
    sessions: new Map(),
    tokens: new Map(),
    'link-codes': new Map(),
    upkeep: new Map(),
    alerts: new Map(),
    bills: new Map(),
    budgets: new Map(),
    reports: new Map(),
    'storage-bills': new Map(),
    guilds: new Map(),
    panels: new Map(),
    confirmations: new Map(),
    'gateway-sessions': new Map(),
    'discord-heard': new Map(),
  };
  readonly #strict: boolean;
  readonly #leases = new Map<string, Lease>();
  onSave: <K extends Kind>(kind: K, row: Rows[K], before: Rows[K] | null) => void = () => undefined;

  /** `strict` checks each row as the disk would. A simulation saves millions of them, and leaves that to the contract suite. */
  constructor({ strict = false } = {}) {
    this.#strict = strict;
  }

  /** What is stored right now, for those who look from outside. */
  rows<K extends Kind>(kind: K): ReadonlyMap<string, Rows[K]> {
    return this.#rows[kind];
  }

  async read<K extends Kind>(kind: K, id: string): Promise<Rows[K] | null> {
    return this.#rows[kind].get(id) ?? null;
  }

  async list<K extends Kind>(kind: K): Promise<readonly Rows[K][]> {
    return [...this.#rows[kind].values()];
  }

  async save<K extends Kind>(kind: K, row: Rows[K]): Promise<Rows[K]> {
    const before = this.#rows[kind].get(row.id) ?? null;
    const after = saved(kind, before, row, (id) => this.#rows.workspaces.get(id) ?? null);
    return this.#put(kind, after, before);
  }

  async remove<K extends Kind>(kind: K, row: Rows[K]): Promise<void> {
    if (removable(kind, this.#rows[kind].get(row.id) ?? null, row)) this.#rows[kind].delete(row.id);
  }

  async claim(workspace: string, machine: string, now: number): Promise<number | null> {
    const before = this.#rows.workspaces.get(workspace) ?? null;
    const { epoch, row } = claimed(before, workspace, machine, now);
    if (row) this.#put('workspaces', row, before);
    return epoch;
  }

  async unclaim(workspace: string, machine: string): Promise<void> {
    const before = this.#rows.workspaces.get(workspace) ?? null;
    const row = unclaimed(before, machine);
    if (row) this.#put('workspaces', row, before);
  }

  async lease(name: string, holder: string, now: number, ms: number): Promise<boolean> {
    const lease = leased(this.#leases.get(name), holder, now, ms);
    if (lease) this.#leases.set(name, lease);
    return lease !== null;
  }

  async unlease(name: string, holder: string): Promise<void> {
    if (this.#leases.get(name)?.holder === holder) this.#leases.delete(name);
  }

  #put<K extends Kind>(kind: K, given: Rows[K], before: Rows[K] | null): Rows[K] {
    const fault = this.#strict ? faultIn(kind, given) : null;
    if (fault !== null) throw new TypeError(`${kind} ${given.id} must not be stored: ${fault}`);
    const row: Rows[K] = frozen(this.#strict ? JSON.parse(JSON.stringify(given)) : given);
    this.#rows[kind].set(row.id, row);
    this.onSave(kind, row, before);
    return row;
  }
}

/** Journals in memory. */
export class FakeJournals implements Journals {
  readonly #strict: boolean;
  readonly entries: { [J in Journal]: Entries[J][] } = { boots: [], ledger: [], audit: [], events: [], drills: [] };

  constructor({ strict = false } = {}) {
    this.#strict = strict;
  }

  async append<J extends Journal>(journal: J, entry: Entries[J]): Promise<void> {
    if (this.#strict) ENTRY_SHAPES[journal].parse(entry);
    this.entries[journal].push(entry);
  }

  async read<J extends Journal>(journal: J, since: number): Promise<readonly Entries[J][]> {
    return this.entries[journal].filter((entry) => entry.at >= since).toSorted((a, b) => a.at - b.at);
  }

  async *sums({ from, until, workspace }: SumsWanted): AsyncGenerator<AccountSums> {
    const once = [...new Map(this.entries.ledger.toReversed().map((charge) => [charge.id, charge])).values()];
    const accounts = Map.groupBy(once, (charge) => JSON.stringify([charge.workspace, charge.owner]));
    for (const [key, charges] of [...accounts].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const [name, owner] = JSON.parse(key) as [string, string];
      if (workspace !== undefined && name !== workspace) continue;
      const sums: Sums = new Map();
      for (const charge of charges) addCharge(sums, charge);
      const days = [...sums.values()].filter(({ day }) => day >= from && day < until);
      if (days.length > 0) yield { workspace: name, owner, days: days.sort((a, b) => a.day - b.day) };
    }
  }

  async *charges({ since, workspace }: { readonly since: number; readonly workspace?: string | undefined }) {
    const once = new Map(this.entries.ledger.toReversed().map((charge) => [charge.id, charge]));
    for (const charge of [...once.values()].toReversed())
      if (charge.at >= since && (workspace ?? charge.workspace) === charge.workspace) yield charge;
  }

  /** Nobody can change what is in here behind our back. */
  async verify(): Promise<Seal> {
    return { entries: this.entries.audit.length, head: null, broken: null };
  }
}
