import { dropWhatNames } from './backups/removal.ts';
import { sentence } from './domain/failures.ts';
import { descriptionPrefix, destroyedKey, vaultName } from './domain/layout.ts';
import type { Ports } from './domain/ports.ts';
import { countLast } from './money/storage-books.ts';
import { onlyAdopts } from './steps/only-adopts.ts';
import { endOperation } from './steps/operation.ts';
import { workspaceBell } from './steps/step.ts';
import { WORKERS } from './workers.ts';

/** Workspaces that somebody purged and of which something is left. */
export async function dueForPurge(ports: Ports): Promise<readonly string[]> {
  const due = (await ports.store.list('workspaces')).filter(({ destroying }) => destroying);
  return due.length > 0 && (await onlyAdopts(ports)) ? [] : due.map(({ id }) => id);
}

/**
 * Removes all that is left of a workspace that was purged. Its row says so until nothing is, so that whoever does this again,
 * after a failure or a crash, goes on from there.
 */
export async function purge(id: string, ports: Ports, signal: AbortSignal): Promise<void> {
  const { store, storage } = ports;
  const workspace = await store.read('workspaces', id);
  if (!workspace?.destroying) return;
  await storage.put(destroyedKey(vaultName(workspace)), Buffer.from(''), signal);
  // The description last: by it a store that is built anew knows that something may be left.
  for (const prefix of [`${id}/`, descriptionPrefix(id)]) await removeAll(prefix, ports, signal);
  signal.throwIfAborted();
  await countLast(workspace, ports);
  for (const snapshot of await store.list('snapshots'))
    if (snapshot.workspace === id) await store.remove('snapshots', snapshot);
  const upkeep = await store.read('upkeep', id);
  if (upkeep) await store.remove('upkeep', upkeep);
  await dropWhatNames(id, store);
  const facts = { workspace: id };
  for (const { id: operation, verb, workspace: of, endedAt } of await store.list('operations')) {
    if (of !== id || endedAt !== null || WORKERS.has(verb)) continue;
    await endOperation(operation, { ok: false, code: GONE, say: sentence(GONE, facts), facts }, ports);
  }
  const last = await store.read('workspaces', id);
  if (last) await store.remove('workspaces', last);
  ports.log('workspace.purged', { workspace: id, by: workspace.destroying.by });
  ports.bell.ring(workspaceBell(id));
}

const GONE = 'workspace_purged';

async function removeAll(prefix: string, { storage }: Ports, signal: AbortSignal): Promise<void> {
  const left = [...(await storage.list(prefix, signal))];
  const next = async (): Promise<void> => {
    for (let one = left.pop(); one !== undefined; one = left.pop()) await storage.remove(one.key, signal);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, next));
}

const AT_ONCE = 16;
