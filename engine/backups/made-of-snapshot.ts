import { gzipSync } from 'node:zlib';
import type { ManifestLine } from '../domain/agent-protocol.ts';
import { Failure } from '../domain/failures.ts';
import { manifestKey } from '../domain/layout.ts';
import type { Operation } from '../domain/operation.ts';
import type { Ports } from '../domain/ports.ts';
import { type Snapshot, UNTOUCHED } from '../domain/snapshot.ts';
import { newWorkspace, type Workspace } from '../domain/workspace.ts';
import { manifestText } from '../policy/manifest-change.ts';
import { challenge } from '../steps/challenge.ts';
import { describe } from '../steps/describe.ts';
import { writeMetadata } from '../steps/metadata.ts';
import { compareLists, storedLines } from '../steps/stored-backup.ts';

export interface Original {
  readonly source: Workspace;
  readonly snapshot: Snapshot;
}

/** What it is made of; or what is there already, by an earlier try. A name goes to whoever asked for it first. */
export async function originalOf(
  asked: Operation,
  { snapshot: id, into }: { readonly snapshot: string; readonly into: string },
  { store }: Ports,
): Promise<Original | Snapshot> {
  const known = await store.read('workspaces', into);
  const made = known?.createdAt === asked.at ? await firstOf(into, store) : null;
  if (made) return made;
  if (known || (await promised(into, store))?.id !== asked.id)
    throw new Failure('workspace_exists', { workspace: into });
  const source = await store.read('workspaces', asked.workspace);
  const snapshot = await store.read('snapshots', id);
  if (!source || source.destroying || !snapshot || snapshot.leaving)
    throw new Failure('no_such_snapshot', { snapshot: id.slice(0, 8), workspace: asked.workspace });
  return { source, snapshot };
}

/** Who asked first for a workspace of this name that is still being made; null when nobody did. */
export async function promised(name: string, store: Ports['store']): Promise<Operation | null> {
  const making = (await store.list('operations')).filter(
    ({ endedAt, intent }) => endedAt === null && intent !== null && intoOf(intent) === name,
  );
  return making.toSorted((one, other) => one.at - other.at || (one.id < other.id ? -1 : 1))[0] ?? null;
}

function intoOf(intent: NonNullable<Operation['intent']>): string | null {
  if ('clone' in intent) return intent.clone.into;
  return 'give' in intent ? intent.give.into : null;
}

async function firstOf(workspace: string, store: Ports['store']): Promise<Snapshot | null> {
  return (await store.list('snapshots')).find((one) => one.workspace === workspace && one.sequence === 1) ?? null;
}

/** Asleep, with this snapshot as its first. */
export function workspaceMadeOf(
  source: Workspace,
  { id: operation, at, by }: Operation,
  own: Pick<Workspace, 'id' | 'owner' | 'spec' | 'sealedPassword'>,
): Workspace {
  return newWorkspace({ ...own, sequence: 1 }, { by, at, why: `made of a snapshot of ${source.id}`, operation });
}

/**
 * Its data lies in its own repository as `id`: compares that with the original and, when it is the same, writes the rows.
 * The workspace's own comes last, so that none is there before its snapshot is.
 */
export async function finish(
  workspace: Workspace,
  id: string,
  { source, snapshot }: Original,
  extra: Snapshot['extra'],
  ports: Ports,
  signal: AbortSignal,
): Promise<Snapshot> {
  const lines = await storedLines(snapshot, ports, signal);
  await compare(workspace, id, lines, ports, signal);
  const row = snapshotOf(snapshot, workspace, id, extra, ports.clock.now());
  await ports.storage.put(manifestKey(workspace.id, id), gzipSync(manifestText(lines, null).text), signal);
  await writeMetadata(row, ports, signal);
  await describe(workspace, ports, signal);
  if (!(await ports.store.read('snapshots', id))) await ports.store.save('snapshots', row);
  await ports.store.save('workspaces', workspace);
  ports.log('workspace.made', { workspace: workspace.id, of: source.id, snapshot: snapshot.id, by: workspace.wish.by });
  return row;
}

/** All files are there, and those that nobody could know in advance come out of the copy as they went into the original. */
async function compare(
  workspace: Workspace,
  id: string,
  lines: readonly ManifestLine[],
  ports: Ports,
  signal: AbortSignal,
): Promise<void> {
  compareLists(lines, await ports.repositories.files(workspace, id, signal));
  const files = lines.filter(({ type, sha256 }) => type === 'file' && sha256 !== undefined);
  const paths = challenge(files, ports, { last: false });
  if (paths.length === 0) return;
  const stored = await ports.repositories.digests(workspace, id, paths, signal);
  const wanted = new Map(files.map(({ path, sha256 }) => [path, sha256]));
  const differing = paths.filter((path) => stored.get(path) !== wanted.get(path));
  if (differing.length > 0)
    throw new Failure('proof_failed', { why: `the copy differs in ${differing.slice(0, 3).join(', ')}` });
}

function snapshotOf(
  original: Snapshot,
  { id: workspace, epoch }: Workspace,
  id: string,
  extra: Snapshot['extra'],
  now: number,
): Snapshot {
  return {
    ...original,
    ...UNTOUCHED,
    id,
    workspace,
    kind: 'manual',
    type: 'SNAPSHOT',
    completedAt: now,
    epoch,
    sequence: 1,
    parent: null,
    provedAt: now,
    comparedAt: now,
    tags: original.tags,
    description: original.description || `of ${original.workspace}, ${original.id.slice(0, 8)}`,
    extra: { ...original.extra, ...extra },
  };
}
