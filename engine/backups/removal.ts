import { manifestKey, metadataKey, removedKey, repositoryPrefix } from '../domain/layout.ts';
import { decisionText } from '../domain/metadata.ts';
import type { Ports, Store } from '../domain/ports.ts';
import type { Decision, Snapshot } from '../domain/snapshot.ts';
import type { Workspace } from '../domain/workspace.ts';
import { update } from '../steps/update.ts';

/**
 * Nothing starts from these snapshots any more; what is left of them goes as soon as nobody is in the way. Written down
 * first, here and beside the data, so that a crash leaves none that is named and not there.
 */
export async function leave(
  ids: readonly string[],
  decision: Decision,
  ports: Ports,
  signal: AbortSignal,
): Promise<void> {
  for (const id of ids) {
    const known = await ports.store.read('snapshots', id);
    if (!known || known.leaving) continue;
    await ports.storage.put(removedKey(known.workspace, id), Buffer.from(decisionText(decision)), signal);
    await update(ports.store, 'snapshots', id, (row) => (row.leaving ? null : { ...row, leaving: decision }));
    const { by, why } = decision;
    ports.log('snapshot.left', { workspace: known.workspace, snapshot: id, by, why }, 'DEBUG');
  }
}

/** Removes what is leaving: its name in the repository, then what lies beside the data, then its row. Returns how many went. */
export async function removeLeaving(workspace: Workspace, ports: Ports, signal: AbortSignal): Promise<number> {
  const mine = (await ports.store.list('snapshots')).filter((snapshot) => snapshot.workspace === workspace.id);
  // Who asked to wake from it, or for files of it, did so before it began to leave: then it does not.
  const { wish, fetches } = (await ports.store.read('workspaces', workspace.id)) ?? workspace;
  const wanted = new Set([wish.snapshot, ...fetches.flatMap(({ snapshot, checkpoint }) => [snapshot, checkpoint])]);
  const leaving = mine.filter((snapshot) => snapshot.leaving !== null && !wanted.has(snapshot.id));
  if (leaving.length === 0) return 0;
  const present = await namesIn(workspace, ports, signal);
  const named = leaving.filter(({ id }) => present.has(id));
  if (named.length > 0) {
    await ports.repositories.forget(
      workspace,
      named.map(({ id }) => id),
      signal,
    );
  }
  const still = named.length > 0 ? await namesIn(workspace, ports, signal) : present;
  for (const snapshot of leaving) {
    if (still.has(snapshot.id) || isBase(snapshot, mine)) continue;
    const beside = [manifestKey, metadataKey, ...(ports.vaults.length === 0 ? [removedKey] : [])];
    for (const keyOf of beside) await ports.storage.remove(keyOf(workspace.id, snapshot.id), signal);
    const row = await ports.store.read('snapshots', snapshot.id);
    if (row) await ports.store.remove('snapshots', row);
  }
  return named.filter(({ id }) => !still.has(id)).length;
}

/** Whoever has this name next is another workspace: no token of this one opens it, no budget caps it, no report is about it. */
export async function dropWhatNames(name: string, store: Store): Promise<void> {
  for (const { id } of await store.list('tokens'))
    await update(store, 'tokens', id, (row) =>
      row.workspaces?.includes(name) ? { ...row, workspaces: row.workspaces.filter((one) => one !== name) } : null,
    );
  for (const budget of await store.list('budgets'))
    if (budget.scope === 'workspace' && budget.of === name) await store.remove('budgets', budget);
  for (const report of await store.list('reports'))
    if (report.workspace === name) await store.remove('reports', report);
}

/** The snapshots that storage has: the objects are named after them. */
async function namesIn(workspace: Workspace, ports: Ports, signal: AbortSignal): Promise<ReadonlySet<string>> {
  const objects = await ports.storage.list(`${repositoryPrefix(workspace.id)}snapshots/`, signal);
  return new Set(objects.map(({ key }) => key.slice(key.lastIndexOf('/') + 1)));
}

/** The list of another one that stays is only the difference to its own. */
function isBase(snapshot: Snapshot, all: readonly Snapshot[]): boolean {
  return all.some((other) => other.leaving === null && other.manifestBase === snapshot.id);
}
