import { gzipSync } from 'node:zlib';
import { Failure, isFailure, sentence } from './domain/failures.ts';
import { manifestKey, repositoryPrefix } from './domain/layout.ts';
import type { Clone } from './domain/operation.ts';
import type { Ports, StoredObject } from './domain/ports.ts';
import type { Snapshot } from './domain/snapshot.ts';
import { NO_CHOICE, type Workspace } from './domain/workspace.ts';
import { manifestText } from './policy/manifest-change.ts';
import { challengeOf } from './policy/proof.ts';
import { writeMetadata } from './steps/metadata.ts';
import { endOperation } from './steps/operation.ts';
import { storedLines } from './steps/stored-backup.ts';

/**
 * Makes a workspace of its own from a snapshot. Its data is copied inside storage and past no machine; the row comes last,
 * so a crash leaves objects that the next try finds done, and no workspace that is half there.
 */
export async function makeClone(operation: string, ports: Ports, signal: AbortSignal): Promise<void> {
  const asked = await ports.store.read('operations', operation);
  if (!asked || asked.endedAt !== null || !asked.intent || !('clone' in asked.intent)) return;
  const { clone } = asked.intent;
  try {
    const made = await cloned(clone, asked.workspace, asked.by, operation, ports, signal);
    const say = `${made.workspace} is made of ${clone.snapshot.slice(0, 8)}: ${made.fileCount} files. It is asleep.`;
    await endOperation(operation, { ok: true, say, facts: { workspace: clone.into, snapshot: made.id } }, ports);
  } catch (cause) {
    signal.throwIfAborted();
    const again =
      isFailure(cause) && (cause.row.retry || cause.code === 'row_changed') && cause.code !== 'proof_failed';
    if (!isFailure(cause) || again) throw cause;
    const say = sentence(cause.code, cause.facts);
    await endOperation(operation, { ok: false, code: cause.code, say, facts: cause.facts }, ports);
  }
}

async function cloned(
  { snapshot: id, into }: Clone,
  from: string,
  by: string,
  operation: string,
  ports: Ports,
  signal: AbortSignal,
): Promise<Snapshot> {
  const source = await ports.store.read('workspaces', from);
  const snapshot = await ports.store.read('snapshots', id);
  if (!source || !snapshot) throw new Failure('no_such_snapshot', { snapshot: id.slice(0, 8), workspace: from });
  const known = await ports.store.read('workspaces', into);
  if (known && known.wish.operation !== operation) throw new Failure('workspace_exists', { workspace: into });
  const workspace = known ?? cloneOf(source, into, by, operation, ports.clock.now());
  await copyRepository(source, snapshot, into, ports, signal);
  const own = await ports.repositories.rehost(workspace, id, signal);
  const lines = await storedLines(snapshot, ports, signal);
  await compare(workspace, own, lines, ports, signal);
  const row = snapshotOf(snapshot, workspace, own, ports.clock.now());
  await ports.storage.put(manifestKey(into, own), gzipSync(manifestText(lines, null).text), signal);
  await writeMetadata(row, ports, signal);
  if (!known) await ports.store.save('workspaces', workspace);
  if (!(await ports.store.read('snapshots', own))) await ports.store.save('snapshots', row);
  return row;
}

/**
 * Objects of a repository never change, they only come and go: a copy is whole when nothing that was copied has gone from the
 * original meanwhile.
 */
async function copyRepository(
  { id: from }: Workspace,
  { id }: Snapshot,
  into: string,
  { storage, settings }: Ports,
  signal: AbortSignal,
): Promise<void> {
  const prefix = repositoryPrefix(from);
  const needed = (key: string): boolean =>
    !key.startsWith(`${prefix}locks/`) && (!key.startsWith(`${prefix}snapshots/`) || key.endsWith(`/${id}`));
  const list = async (): Promise<readonly StoredObject[]> =>
    (await storage.list(prefix, signal)).filter(({ key }) => needed(key));
  for (let tries = 1; ; tries += 1) {
    const before = await list();
    const left = [...before];
    const copyNext = async (): Promise<void> => {
      for (let object = left.pop(); object; object = left.pop()) {
        const as = `${repositoryPrefix(into)}${object.key.slice(prefix.length)}`;
        await storage.copyFrom(storage, object, { as, replace: false }, signal);
      }
    };
    await Promise.all(Array.from({ length: settings.save.connections }, copyNext));
    const after = new Set((await list()).map(({ key }) => key));
    if (before.every(({ key }) => after.has(key))) return;
    if (tries === TRIES) throw new Failure('repository_locked', { workspace: from, why: 'it is being put together' });
  }
}

const TRIES = 3;

/** Files that nobody could know in advance come out of the copy as they went into the original. */
async function compare(
  workspace: Workspace,
  snapshot: string,
  lines: Awaited<ReturnType<typeof storedLines>>,
  ports: Ports,
  signal: AbortSignal,
): Promise<void> {
  const files = lines.filter(({ type, sha256 }) => type === 'file' && sha256 !== undefined);
  const paths = challengeOf(files, ports.settings.save, ports.random);
  if (paths.length === 0) return;
  const stored = await ports.repositories.digests(workspace, snapshot, paths, signal);
  const wanted = new Map(files.map(({ path, sha256 }) => [path, sha256]));
  const differing = paths.filter((path) => stored.get(path) !== wanted.get(path));
  if (differing.length > 0)
    throw new Failure('proof_failed', { why: `the copy differs in ${differing.slice(0, 3).join(', ')}` });
}

/** With the password of the original: its keys were copied too, and machines get credentials for their own prefix only. */
function cloneOf(source: Workspace, id: string, by: string, operation: string, now: number): Workspace {
  return {
    ...source,
    id,
    version: 0,
    owner: by,
    shares: [],
    createdAt: now,
    claim: null,
    epoch: Math.floor(now / 1_000),
    wish: { ...NO_CHOICE, want: 'asleep', by, at: now, why: `made of a snapshot of ${source.id}`, operation },
    asks: [],
    fetches: [],
    jobs: [],
    keep: null,
    schedules: [],
    sequence: 1,
  };
}

function snapshotOf(original: Snapshot, { id: workspace, epoch }: Workspace, id: string, now: number): Snapshot {
  return {
    ...original,
    id,
    version: 0,
    workspace,
    kind: 'manual',
    type: 'SNAPSHOT',
    completedAt: now,
    epoch,
    sequence: 1,
    parent: null,
    provedAt: now,
    comparedAt: now,
    manifestBase: null,
    pinned: null,
    leaving: null,
    vaultedAt: null,
    description: original.description || `of ${original.workspace}, ${original.id.slice(0, 8)}`,
    extra: { ...original.extra, cloned_from: `${original.workspace}/${original.id}` },
  };
}
