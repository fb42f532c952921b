import { rm, stat } from 'node:fs/promises';
import { reasonOf } from '../domain/failures.ts';
import type { Log } from '../domain/ports.ts';
import { beginCommitFile, type Commit, commitFiles, commitLine } from './commit-log.ts';
import type { Migration } from './migrations.ts';
import { recover, snapshotPath } from './recover.ts';
import { rowsOf, type Tables } from './tables.ts';

export interface History extends AsyncDisposable {
  /** What the commits so far add up to. Whoever commits changes it, after the commit is on disk. */
  readonly tables: Tables;
  /** Returns when the changes are on disk. One at a time. When it rejects, none of them is. */
  commit(changes: Commit['changes'], apply: () => void): Promise<void>;
}

/**
 * A snapshot of all rows, and a log of what was committed since. When the log has grown, it is folded into a new snapshot
 * while commits go on in a new log. The snapshot before and its log stay, so that together they still lead to the
 * same rows.
 */
export async function openHistory(
  folder: string,
  migrations: readonly Migration[],
  foldBytes: number,
  tell: Log,
): Promise<History> {
  const { snapshot, tables, migrated, ...found } = await recover(folder, migrations);
  let { folded, commit, log } = found;
  let folding: Promise<void> | null = null;
  let foldAt = await foldSize();

  async function foldSize(): Promise<number> {
    return Math.max(foldBytes, (await stat(snapshotPath(folder))).size);
  }

  /** Begins a new log, and behind it the snapshot of everything before. No commit may be under way meanwhile. */
  async function fold(): Promise<void> {
    try {
      const finished = log;
      log = await beginCommitFile(folder, commit);
      await finished[Symbol.asyncDispose]();
      folding = takeSnapshot().catch(postpone);
    } catch (cause) {
      postpone(cause);
    }
  }

  async function takeSnapshot(): Promise<void> {
    const [before, now] = [folded, commit];
    snapshot.data = { schema: migrations.length, commit: now, rows: rowsOf(tables) };
    await snapshot.write();
    folded = now;
    for (const file of await commitFiles(folder)) if (file.after < before) await rm(file.path, { force: true });
    foldAt = await foldSize();
    folding = null;
  }

  /** Nothing is lost: the logs have it all. */
  function postpone(cause: unknown): void {
    foldAt = log.sizeBytes + foldBytes;
    folding = null;
    tell('store.folding_failed', { folder, why: reasonOf(cause) }, 'WARNING');
  }

  if (migrated) await fold();
  return {
    tables,
    async commit(changes, apply) {
      await log.append(commitLine({ schema: migrations.length, number: commit + 1, changes }));
      commit += 1;
      apply();
      if (log.sizeBytes >= foldAt && folding === null) await fold();
    },
    async [Symbol.asyncDispose]() {
      await folding;
      await log[Symbol.asyncDispose]();
    },
  };
}
