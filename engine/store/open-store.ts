import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { diskFailure, Failure } from '../domain/failures.ts';
import type { Kind, Log, Rows, Store } from '../domain/ports.ts';
import { PRIVATE_FOLDER } from './durable.ts';
import { groupCommit } from './group-commit.ts';
import { openHistory } from './history.ts';
import { takeLock } from './lock.ts';
import { MIGRATIONS, type Migration } from './migrations.ts';
import { claimed, type Lease, leased, removable, saved, unclaimed } from './rules.ts';
import { type Draft, draftOf } from './tables.ts';

export interface StoreOptions {
  readonly log?: Log;
  readonly migrations?: readonly Migration[];
  /** The log is folded into the snapshot when it is larger than this, and than the snapshot. */
  readonly foldBytes?: number;
}

/**
 * The rows of one engine, in a folder of its own: `state.json` holds them as of one commit, `commits-*.log` what was
 * committed since. Everything is in memory as well; memory changes only when the disk has. A save that returned survives
 * a crash at any moment.
 */
export async function openStore(folder: string, options: StoreOptions = {}): Promise<Store & AsyncDisposable> {
  const { migrations = MIGRATIONS, foldBytes = FOLD_BYTES, log = () => undefined } = options;
  await mkdir(folder, { recursive: true, mode: PRIVATE_FOLDER });
  await using opening = new AsyncDisposableStack();
  const lock = await takeLock(join(folder, 'lock')).catch((cause: unknown) => {
    throw diskFailure(cause, folder);
  });
  if ('heldBy' in lock) throw new Failure('store_locked', { pid: lock.heldBy, folder });
  opening.use(lock);
  const history = await openHistory(folder, migrations, foldBytes, log).catch((cause: unknown) => {
    throw diskFailure(cause, folder);
  });
  opening.use(history);
  const { tables } = history;
  const leases = new Map<string, Lease>();
  let closed = false;

  const commits = groupCommit<(draft: Draft) => unknown, unknown>(async (batch) => {
    const draft = draftOf(tables);
    const answers = batch.map((decide) => settle(() => decide(draft)));
    const changes = draft.changes();
    if (changes.length === 0) return answers;
    const pid = await lock.lostTo();
    if (pid !== null) throw new Failure('store_locked', { pid, folder });
    await history.commit(changes, draft.apply);
    return answers;
  });

  async function decide<R>(decision: (draft: Draft) => R): Promise<R> {
    if (closed) throw new Failure('stopping');
    return (await commits.add(decision)) as R;
  }

  const opened = opening.move();
  return {
    async read(kind, id) {
      return tables[kind].get(id) ?? null;
    },
    async list<K extends Kind>(kind: K) {
      return [...tables[kind].values()] as Rows[K][];
    },
    async save(kind, row) {
      return await decide((draft) =>
        draft.put(
          kind,
          saved(kind, draft.get(kind, row.id), row, (id) => draft.get('workspaces', id)),
        ),
      );
    },
    async remove(kind, row) {
      await decide((draft) => {
        if (removable(kind, draft.get(kind, row.id), row)) draft.drop(kind, row.id);
      });
    },
    async claim(workspace, machine, now) {
      return await decide((draft) => {
        const { epoch, row } = claimed(draft.get('workspaces', workspace), workspace, machine, now);
        if (row) draft.put('workspaces', row);
        return epoch;
      });
    },
    async unclaim(workspace, machine) {
      await decide((draft) => {
        const row = unclaimed(draft.get('workspaces', workspace), machine);
        if (row) draft.put('workspaces', row);
      });
    },
    async lease(name, holder, now, ms) {
      const lease = leased(leases.get(name), holder, now, ms);
      if (lease) leases.set(name, lease);
      return lease !== null;
    },
    async unlease(name, holder) {
      if (leases.get(name)?.holder === holder) leases.delete(name);
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      await commits.drain();
      await opened.disposeAsync();
    },
  };
}

function settle(decide: () => unknown): PromiseSettledResult<unknown> {
  try {
    return { status: 'fulfilled', value: decide() };
  } catch (reason) {
    return { status: 'rejected', reason };
  }
}

const FOLD_BYTES = 4 * 1024 * 1024;
