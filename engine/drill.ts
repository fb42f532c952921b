import { isFailure, reasonOf } from './domain/failures.ts';
import type { Drill } from './domain/journals.ts';
import type { Ports } from './domain/ports.ts';
import { newestGood, type Snapshot } from './domain/snapshot.ts';
import type { Workspace } from './domain/workspace.ts';
import { bytesOf, sampleOf } from './policy/drill.ts';
import { storedLines } from './steps/stored-backup.ts';

/**
 * Really restores the snapshot a wake would start from, here, and compares every file with the hash its machine wrote down;
 * of one that the control host has no room for some files, others each time. Null where there is none.
 */
export async function drill(
  workspace: Workspace,
  snapshots: readonly Snapshot[],
  ports: Ports,
  signal: AbortSignal,
): Promise<Drill | null> {
  const snapshot = newestGood(snapshots);
  if (snapshot === null) return null;
  const done = { at: ports.clock.now(), workspace: workspace.id, snapshot: snapshot.id, files: snapshot.fileCount };
  const result = await attempt(workspace, snapshot, ports, signal);
  const entry: Drill = { ...done, ...result };
  await ports.journals.append('drills', entry);
  ports.log('drill.done', { ...entry }, entry.ok ? 'INFO' : 'WARNING');
  return entry;
}

async function attempt(
  workspace: Workspace,
  snapshot: Snapshot,
  ports: Ports,
  signal: AbortSignal,
): Promise<Pick<Drill, 'ms' | 'bytes' | 'ok' | 'why' | 'part'>> {
  try {
    const lines = (await storedLines(snapshot, ports, signal)).filter(({ sha256 }) => sha256 !== undefined);
    const { chosen, whole } = sampleOf(lines, ports.settings.upkeep, ports.random);
    const paths = chosen.map(({ path }) => path);
    const what = { paths, whole };
    const { digests, bytes, ms } = await ports.repositories.restoreHere(workspace, snapshot.id, what, signal);
    const differing = chosen.filter(({ path, sha256 }) => digests.get(path) !== sha256).map(({ path }) => path);
    const ok = differing.length === 0;
    const of = whole ? '' : `: ${percent(bytesOf(chosen), bytesOf(lines))} of its bytes, drawn by chance`;
    const why = ok
      ? `${paths.length} ${whole ? '' : `of ${lines.length} `}files are as they were${of}`
      : `${differing.length} of ${paths.length} files are not as they were: ${differing.slice(0, 3).join(', ')}`;
    return { ms: Math.round(ms), bytes, ...(!whole && { part: true }), ok, why };
  } catch (cause) {
    signal.throwIfAborted();
    if (!isFailure(cause, 'restore_failed', 'restore_differs', 'proof_failed', 'no_repository', 'wrong_password'))
      throw cause;
    return { ms: 0, bytes: 0, ok: false, why: reasonOf(cause) };
  }
}

const percent = (part: number, all: number): string => `${Math.floor((100 * part) / all)} %`;
