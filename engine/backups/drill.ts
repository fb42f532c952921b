import type { DrillView } from '../domain/doors.ts';
import { type Failure, type FailureCode, isFailure, reasonOf, sentence } from '../domain/failures.ts';
import type { Drill } from '../domain/journals.ts';
import type { Ports } from '../domain/ports.ts';
import { newestGood, type Snapshot } from '../domain/snapshot.ts';
import { noUpkeep } from '../domain/upkeep.ts';
import type { Workspace } from '../domain/workspace.ts';
import { bytesOf, partOf, viewOfDrills } from '../policy/drill.ts';
import { mending } from '../steps/mending.ts';
import { endOperation } from '../steps/operation.ts';
import { storedLines } from '../steps/stored-backup.ts';
import { update } from '../steps/update.ts';

/**
 * Really restores a snapshot, here, and compares every file with the hash its machine wrote down; of one that the control
 * host has no room for a part, the next one each time.
 */
export async function drill(
  workspace: Workspace,
  snapshot: Snapshot,
  ports: Ports,
  signal: AbortSignal,
): Promise<Drill> {
  const done = { at: ports.clock.now(), workspace: workspace.id, snapshot: snapshot.id, files: snapshot.fileCount };
  const result = await attempt(workspace, snapshot, ports, signal);
  const entry: Drill = { ...done, ...result };
  await ports.journals.append('drills', entry);
  ports.log('drill.done', { ...entry }, entry.ok ? 'INFO' : 'WARNING');
  return entry;
}

/** The same because a person asked, and how it went in words. */
export async function tryOut(operation: string, ports: Ports, signal: AbortSignal): Promise<void> {
  const { store } = ports;
  const asked = await store.read('operations', operation);
  if (!asked || asked.endedAt !== null || !asked.intent || !('drill' in asked.intent)) return;
  const snapshot = await store.read('snapshots', asked.intent.drill.snapshot);
  const workspace = await store.read('workspaces', asked.workspace);
  const fail = async (code: FailureCode, facts: Failure['facts']): Promise<void> =>
    await endOperation(operation, { ok: false, code, say: sentence(code, facts), facts }, ports);
  if (!workspace || workspace.destroying || snapshot?.workspace !== workspace.id || snapshot.leaving)
    return await fail('no_such_snapshot', { snapshot: asked.intent.drill.snapshot, workspace: asked.workspace });
  try {
    const done = await drill(workspace, snapshot, ports, signal);
    await note(done, workspace, ports);
    if (!done.ok) return await fail('restore_differs', { why: done.why, snapshot: snapshot.id });
    const past = await ports.journals.read('drills', workspace.createdAt);
    const times = viewOfDrills(past.filter((one) => one.workspace === workspace.id));
    const say = `Snapshot ${snapshot.id.slice(0, 8)} came back in ${seconds(done.ms)}: ${done.why}.${timesWords(times)}`;
    const { p50Ms, p95Ms, samples } = times;
    await endOperation(operation, { ok: true, say, facts: { ...done, p50Ms, p95Ms, samples } }, ports);
  } catch (cause) {
    signal.throwIfAborted();
    if (!isFailure(cause) || cause.row.retry) throw cause;
    await fail(cause.code, cause.facts);
  }
}

/** What alerts go by. That an old one is whole says nothing of the one that the next wake starts from. */
async function note(done: Drill, workspace: Workspace, { store }: Ports): Promise<void> {
  const { at, snapshot, ok, why } = done;
  const newest = newestGood((await store.list('snapshots')).filter((one) => one.workspace === workspace.id));
  if (ok && newest?.id !== snapshot) return;
  if (!(await store.read('upkeep', workspace.id))) await store.save('upkeep', noUpkeep(workspace.id));
  await update(store, 'upkeep', workspace.id, (row) => ({ ...row, drill: { at, snapshot, ok, why } }));
}

const timesWords = ({ p50Ms, p95Ms, samples }: DrillView): string =>
  p50Ms === null || p95Ms === null || samples < SAMPLES_MIN
    ? ''
    : ` Of ${samples} drills half took ${seconds(p50Ms)} at most, 95 % ${seconds(p95Ms)}.`;

/** Of fewer, shares say nothing. */
const SAMPLES_MIN = 5;

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;

async function attempt(
  workspace: Workspace,
  snapshot: Snapshot,
  ports: Ports,
  signal: AbortSignal,
): Promise<Pick<Drill, 'ms' | 'bytes' | 'ok' | 'why' | 'part'>> {
  try {
    const lines = (await storedLines(snapshot, ports, signal)).filter(({ sha256 }) => sha256 !== undefined);
    const part = partOf(lines, ports.settings.upkeep, await turnOf(workspace, ports));
    const { chosen, whole } = part;
    const paths = chosen.map(({ path }) => path);
    const { digests, bytes, ms } = await mending(workspace, ports, signal, async () =>
      part.fits
        ? await ports.repositories.restoreHere(workspace, snapshot.id, { paths, whole }, signal)
        : await readThrough(workspace, snapshot, chosen, ports, signal),
    );
    const differing = chosen.filter(({ path, sha256 }) => digests.get(path) !== sha256).map(({ path }) => path);
    const ok = differing.length === 0;
    const of = whole
      ? ''
      : `: part ${part.number} of ${part.of}, ${percent(bytesOf(chosen), bytesOf(lines))} of its bytes`;
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

/** How many parts had their turn. One that could not be tried is tried again. */
async function turnOf({ id, createdAt }: Workspace, { journals }: Ports): Promise<number> {
  const past = await journals.read('drills', createdAt);
  return past.filter(({ workspace, part }) => workspace === id && part).length;
}

/** A file for which there is no room here is read to its end, and kept nowhere. */
async function readThrough(
  workspace: Workspace,
  { id }: Snapshot,
  files: readonly { readonly path: string; readonly sizeBytes: number }[],
  { repositories, clock }: Ports,
  signal: AbortSignal,
) {
  const began = clock.now();
  const paths = files.map(({ path }) => path);
  const digests = await repositories.digests(workspace, id, paths, signal);
  return { digests, bytes: bytesOf(files), ms: clock.now() - began };
}

const percent = (part: number, all: number): string => `${Math.floor((100 * part) / all)} %`;
