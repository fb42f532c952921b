import { Failure } from '../../engine/domain/failures.ts';
import type { Entries, Journal, Journals } from '../../engine/domain/journals.ts';
import type { Kind, Rows, Store } from '../../engine/domain/ports.ts';

/** Rows in memory. It passes the same contract suite as the one on disk, and outlives the engines of a test. */
export class FakeStore implements Store {
  readonly #rows: { [K in Kind]: Map<string, Rows[K]> } = {
    workspaces: new Map(),
    machines: new Map(),
    races: new Map(),
    snapshots: new Map(),
    operations: new Map(),
  };
  readonly #leases = new Map<string, { holder: string; until: number }>();
  onSave: <K extends Kind>(kind: K, row: Rows[K], before: Rows[K] | null) => void = () => undefined;

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
    if ((before?.version ?? 0) !== row.version) throw new Failure('row_changed', { what: `${kind}/${row.id}` });
    const saved: Rows[K] = { ...row, version: row.version + 1 };
    Object.freeze(saved);
    this.#rows[kind].set(row.id, saved);
    this.onSave(kind, saved, before);
    return saved;
  }

  async remove<K extends Kind>(kind: K, row: Rows[K]): Promise<void> {
    if (this.#rows[kind].get(row.id)?.version !== row.version)
      throw new Failure('row_changed', { what: `${kind}/${row.id}` });
    this.#rows[kind].delete(row.id);
  }

  async claim(workspace: string, machine: string, now: number): Promise<number | null> {
    const row = this.#rows.workspaces.get(workspace);
    if (!row) return null;
    if (row.claim) return row.claim.machine === machine ? row.claim.epoch : null;
    const epoch = row.epoch + 1;
    await this.save('workspaces', { ...row, epoch, claim: { machine, epoch, at: now } });
    return epoch;
  }

  async unclaim(workspace: string, machine: string): Promise<void> {
    const row = this.#rows.workspaces.get(workspace);
    if (row?.claim?.machine === machine) await this.save('workspaces', { ...row, claim: null });
  }

  async lease(name: string, holder: string, now: number, ms: number): Promise<boolean> {
    const lease = this.#leases.get(name);
    if (lease && lease.holder !== holder && lease.until > now) return false;
    this.#leases.set(name, { holder, until: now + ms });
    return true;
  }

  async unlease(name: string, holder: string): Promise<void> {
    if (this.#leases.get(name)?.holder === holder) this.#leases.delete(name);
  }
}

/** Journals in memory. */
export class FakeJournals implements Journals {
  readonly entries: { [J in Journal]: Entries[J][] } = { boots: [], ledger: [], audit: [], events: [] };

  async append<J extends Journal>(journal: J, entry: Entries[J]): Promise<void> {
    this.entries[journal].push(entry);
  }

  async read<J extends Journal>(journal: J, since: number): Promise<readonly Entries[J][]> {
    return this.entries[journal].filter((entry) => entry.at >= since);
  }
}
