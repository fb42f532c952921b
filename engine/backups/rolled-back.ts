import { alertId } from '../domain/alert.ts';
import { isFailure, reasonOf } from '../domain/failures.ts';
import { besidePrefix, removedIn } from '../domain/layout.ts';
import { readMetadata } from '../domain/metadata.ts';
import type { Ports, StoredObject } from '../domain/ports.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import type { Workspace } from '../domain/workspace.ts';
import { update } from '../steps/update.ts';

/** What storage has of a workspace and the store that the engine started on has not. */
interface Ahead {
  readonly id: string;
  readonly counted: number;
  /** Snapshots that store had not counted to; never empty. */
  readonly later: readonly Snapshot[];
  readonly lacking: readonly Snapshot[];
}

/**
 * Whether the store is older than storage: put back from a copy, say, while machines went on. No number is given to a
 * snapshot before its workspace's row counted it, so one beside the data that is ahead of the row as the engine found it was
 * counted in a store that is not this one. The catalogue takes what it lacks, and the engine only adopts until a person looked.
 */
export async function lookWhetherRolledBack(
  found: readonly Workspace[],
  startedAt: number,
  ports: Ports,
  signal: AbortSignal,
): Promise<void> {
  const left = [...found];
  const ahead: Ahead[] = [];
  const next = async (): Promise<void> => {
    for (let one = left.pop(); one !== undefined; one = left.pop()) {
      const { id, epoch, sequence } = one;
      const listed = await ports.storage.list(besidePrefix(id), signal);
      const unknown = await strangers(id, listed, startedAt, ports, signal);
      const later = unknown.filter((snapshot) => snapshot.sequence > sequence || snapshot.epoch > epoch);
      const removed = removedIn(listed, id);
      const lacking = unknown.filter((snapshot) => !removed.has(snapshot.id));
      if (later.length > 0) ahead.push({ id, counted: sequence, later, lacking });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, next));
  if (ahead.length === 0) return;
  const each = ahead.map(
    ({ id, counted, later }) =>
      `storage has snapshot number ${newest(later)} of ${id}, and the store counts to ${counted}`,
  );
  await raise(`The store is older than what storage has: ${each.toSorted().join('; ')}.`, ports);
  for (const one of ahead) await catchUp(one, ports);
}

const newest = (later: readonly Snapshot[]): number => Math.max(...later.map(({ sequence }) => sequence));

/** Written down before anything is taken over, so that an engine that is killed in between does not begin to act. */
async function raise(why: string, { store, clock, log }: Ports): Promise<void> {
  const before = await store.read('alerts', alertId('recovered', null));
  const raised = {
    id: alertId('recovered', null),
    kind: 'recovered',
    workspace: null,
    raisedAt: clock.now(),
    why,
  } as const;
  await store.save('alerts', { ...raised, version: before?.version ?? 0, resolvedAt: null, resolvedBy: null });
  log('store.rolled_back', { why }, 'ERROR');
}

async function catchUp({ id, later, lacking }: Ahead, { store }: Ports): Promise<void> {
  if (!(await store.read('workspaces', id))) return;
  await update(store, 'workspaces', id, (row) => ({
    ...row,
    epoch: Math.max(row.epoch, ...later.map(({ epoch }) => epoch)),
    sequence: Math.max(row.sequence, newest(later)) + TICKETS_OUT,
  }));
  for (const one of lacking) {
    // Of an epoch that is over by now it is no newest any more.
    await store.save('snapshots', one).catch(async (cause: unknown) => {
      if (!isFailure(cause, 'fenced')) throw cause;
      await store.save('snapshots', { ...one, kind: 'pre-failover' });
    });
  }
}

/** Snapshots from before the engine started that are described beside the data and that no row knows. */
async function strangers(
  workspace: string,
  listed: readonly StoredObject[],
  startedAt: number,
  { store, storage, log }: Ports,
  signal: AbortSignal,
): Promise<readonly Snapshot[]> {
  const prefix = besidePrefix(workspace);
  const known = new Set((await store.list('snapshots')).map(({ id }) => id));
  const found: Snapshot[] = [];
  for (const { key } of listed) {
    if (!key.endsWith(METADATA) || known.has(key.slice(prefix.length, -METADATA.length))) continue;
    const bytes = await storage.get(key, signal);
    try {
      const snapshot = readMetadata(Buffer.from(bytes ?? []).toString());
      if (snapshot.workspace === workspace && snapshot.createdAt < startedAt) found.push(snapshot);
    } catch (cause) {
      log('metadata.unreadable', { key, why: reasonOf(cause) }, 'WARNING');
    }
  }
  return found;
}

const METADATA = '/metadata.json';
const AT_ONCE = 8;
/** Numbers that machines may hold and have not used yet. */
const TICKETS_OUT = 1_000;
