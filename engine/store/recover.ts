import { join } from 'node:path';
import type { Low } from 'lowdb';
import { Failure } from '../domain/failures.ts';
import type { Kind, Rows } from '../domain/ports.ts';
import { type AppendFile, openAppendFile } from './append-file.ts';
import { beginCommitFile, type Commit, commitFiles, readCommits } from './commit-log.ts';
import type { Migration, RawRows } from './migrations.ts';
import { faultIn, KINDS } from './row-shapes.ts';
import { type Document, damaged, snapshotFile } from './snapshot-file.ts';
import { emptyTables, frozen, type Tables } from './tables.ts';

export const snapshotPath = (folder: string): string => join(folder, 'state.json');

export interface Recovered {
  readonly snapshot: Low<Document | null>;
  readonly tables: Tables;
  /** The number of the last commit in the snapshot, and of the last one there is. */
  readonly folded: number;
  readonly commit: number;
  readonly log: AppendFile;
  /** The rows came from an older schema and are not on disk in this one yet. */
  readonly migrated: boolean;
}

/**
 * Reads the snapshot and plays what was committed after it. A migration runs at the point of history where it first ran,
 * so that the previous snapshot, put in the place of a damaged one, leads to the same rows.
 */
export async function recover(folder: string, migrations: readonly Migration[]): Promise<Recovered> {
  const path = snapshotPath(folder);
  const snapshot = snapshotFile(path);
  await snapshot.read();
  const files = await commitFiles(folder);
  if (snapshot.data === null) {
    if (files.length > 0) throw damaged(path, 'it is missing');
    snapshot.data = { schema: migrations.length, commit: 0, rows: {} };
    await snapshot.write();
  }

  const rows: RawRows = new Map();
  for (const [kind, list] of Object.entries(snapshot.data.rows))
    rows.set(kind, new Map(list.map((row) => [row.id, row])));
  let { schema, commit } = snapshot.data;
  const folded = commit;
  const migrateTo = (wanted: number, file: string): void => {
    if (wanted > migrations.length)
      throw new Failure('store_too_new', { file, found: wanted, known: migrations.length });
    for (; schema < wanted; schema += 1) migrations[schema]?.(rows);
  };
  migrateTo(schema, path);

  let tail: { path: string; wholeBytes: number } | null = null;
  // A log begins at every snapshot, so those before it hold nothing new.
  const known = files.some((file) => file.after === folded);
  for (const file of files) {
    if (known && file.after < folded) continue;
    const { commits, wholeBytes } = await readCommits(file.path);
    for (const [line, next] of commits.entries()) {
      if (next.number <= commit) continue;
      if (next.number !== commit + 1)
        throw new Failure('log_damaged', { file: file.path, line: line + 1, why: gap(commit + 1, next.number - 1) });
      migrateTo(next.schema, file.path);
      play(next, rows);
      commit = next.number;
    }
    tail = { path: file.path, wholeBytes };
  }

  const migrated = schema < migrations.length;
  migrateTo(migrations.length, path);
  const tables = checked(rows, path);
  const log = tail ? await openAppendFile(tail.path, tail.wholeBytes) : await beginCommitFile(folder, commit);
  return { snapshot, tables, folded, commit, log, migrated };
}

function gap(from: number, until: number): string {
  return from === until ? `commit ${from} before it is missing` : `commits ${from} to ${until} before it are missing`;
}

function play(commit: Commit, rows: RawRows): void {
  for (const { kind, id, row } of commit.changes) {
    const table = rows.get(kind) ?? new Map<string, Record<string, unknown>>();
    rows.set(kind, table);
    if (row === null) table.delete(id);
    else table.set(id, row as Record<string, unknown>);
  }
}

function checked(rows: RawRows, path: string): Tables {
  const tables = emptyTables();
  for (const [name, table] of rows) {
    const kind = KINDS.find((known) => known === name);
    if (!kind) throw damaged(path, `it holds "${name}", which is no kind of row`);
    for (const [id, row] of table) {
      const fault = faultIn(kind, row);
      if (fault !== null) throw damaged(path, `${kind} ${id}: ${fault}`);
      (tables[kind] as Map<string, Rows[Kind]>).set(id, frozen(row) as unknown as Rows[Kind]);
    }
  }
  return tables;
}
