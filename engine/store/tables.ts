import type { Kind, Rows } from '../domain/ports.ts';
import type { Commit } from './commit-log.ts';
import { faultIn, KINDS } from './row-shapes.ts';
import type { Document } from './snapshot-file.ts';

/** What is on disk, in memory. Rows are frozen: a caller who changes one would change what everybody reads. */
export type Tables = { readonly [K in Kind]: Map<string, Rows[K]> };

export function emptyTables(): Tables {
  return Object.fromEntries(KINDS.map((kind) => [kind, new Map()])) as unknown as Tables;
}

/** The tables as they will be once the commit that is being put together is on disk. */
export interface Draft {
  get<K extends Kind>(kind: K, id: string): Rows[K] | null;
  put<K extends Kind>(kind: K, row: Rows[K]): Rows[K];
  drop(kind: Kind, id: string): void;
  changes(): Commit['changes'];
  /** Makes it so. Called when the commit is on disk, never before. */
  apply(): void;
}

export function draftOf(tables: Tables): Draft {
  const staged = new Map<string, { kind: Kind; id: string; row: Rows[Kind] | null }>();
  return {
    get<K extends Kind>(kind: K, id: string) {
      const change = staged.get(`${kind}/${id}`);
      return (change ? change.row : (tables[kind].get(id) ?? null)) as Rows[K] | null;
    },
    put(kind, row) {
      const fault = faultIn(kind, row);
      if (fault !== null) throw new TypeError(`${kind} ${row.id} must not be stored: ${fault}`);
      const kept = asRead(row);
      staged.set(`${kind}/${row.id}`, { kind, id: row.id, row: kept });
      return kept;
    },
    drop(kind, id) {
      staged.set(`${kind}/${id}`, { kind, id, row: null });
    },
    changes: () => [...staged.values()],
    apply() {
      for (const { kind, id, row } of staged.values()) {
        if (row === null) tables[kind].delete(id);
        else (tables[kind] as Map<string, Rows[Kind]>).set(id, row);
      }
    },
  };
}

/** A copy as the next start will read it, so that what is in memory never differs from what is on disk. */
function asRead<T>(row: T): T {
  return frozen(JSON.parse(JSON.stringify(row)) as T);
}

export function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    for (const inner of Object.values(value)) frozen(inner);
    Object.freeze(value);
  }
  return value;
}

export function rowsOf(tables: Tables): Document['rows'] {
  const lists = KINDS.map((kind) => [kind, [...tables[kind].values()]] as const);
  return Object.fromEntries(lists) as unknown as Document['rows'];
}
