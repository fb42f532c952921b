import type { ManifestLine, SaveOrder } from '../domain/agent-protocol.ts';
import type { AtRisk } from '../domain/agent-shapes.ts';
import { Failure } from '../domain/failures.ts';
import { draftManifestKey, manifestKey } from '../domain/layout.ts';
import type { Machine } from '../domain/lifecycle.ts';
import type { Ports, StoredFile } from '../domain/ports.ts';
import { type Snapshot, UNTOUCHED } from '../domain/snapshot.ts';
import type { Ask, Workspace } from '../domain/workspace.ts';
import { challenge } from './challenge.ts';
import { writeMetadata } from './metadata.ts';
import type { SaveEvent } from './save-talk.ts';
import { rowsBell } from './step.ts';
import { compareLists, linesIn, storedManifest } from './stored-backup.ts';

/** Asks the machine what these files hold right now; null for one that is not there. */
export type Digests = (paths: readonly string[]) => Promise<ReadonlyMap<string, string | null>>;

interface Claimed {
  readonly machine: Machine;
  readonly workspace: Workspace;
  readonly event: SaveEvent;
  readonly order: SaveOrder;
  readonly sequence: number;
  readonly how: { readonly mode: 'last' } | { readonly mode: 'live'; readonly ask: Ask };
  /** A person agreed to lose what it leaves out. */
  readonly agreed: boolean;
}

/**
 * Believes nothing the machine says about its backup. The control host reads the snapshot, its manifest and its list of
 * files from storage, picks files by itself, reads their bytes back, and compares them with what the machine holds now.
 * Only then is the snapshot in the catalogue, and beside the data.
 */
export async function prove(claimed: Claimed, ask: Digests, ports: Ports, signal: AbortSignal): Promise<Snapshot> {
  const { workspace, event } = claimed;
  const id = event.snapshot;
  if (id === null) throw new Failure('proof_failed', { why: 'the agent named no snapshot' });
  const { machine, order } = claimed;
  const named = { snapshot: id, machine: machine.id, tags: order.tags, draft: draftOf(order) };
  const bytes = await storedManifest({ ...named, manifestSha256: event.manifestSha256 }, workspace, ports, signal);
  const lines = await linesIn(bytes, { ...event, manifestBase: null }, workspace, ports, signal);
  // Each takes a while, and in a last save people's programs stand still for as long: so beside each other.
  const [files] = await Promise.all([
    ports.repositories.files(workspace, id, signal),
    compareBytes(claimed, lines, ask, ports, signal),
  ]);
  compareLists(lines, files);

  return await enter(claimed, id, bytes, files, ports, signal);
}

async function compareBytes(
  claimed: Claimed,
  lines: readonly ManifestLine[],
  ask: Digests,
  ports: Ports,
  signal: AbortSignal,
): Promise<void> {
  // Chosen from what the machine counted; that storage holds just those files is compared as well.
  const counted = lines.filter((line) => line.type === 'file');
  const paths = challenge(counted, ports, { last: claimed.how.mode === 'last' });
  if (paths.length === 0) return;
  const manifest = new Map(lines.map((line) => [line.path, line]));
  const [there, here] = await Promise.all([
    ports.repositories.digests(claimed.workspace, claimed.event.snapshot ?? '', paths, signal),
    ask(paths),
  ]);
  const differing = paths.filter((path) => {
    const stored = there.get(path);
    const written = manifest.get(path)?.sha256;
    if (stored === undefined || (written !== undefined && stored !== written)) return true;
    // While people work a file may be newer than its backup; in the last one nothing may have moved.
    return claimed.how.mode === 'last' && stored !== here.get(path);
  });
  if (differing.length > 0)
    throw new Failure('proof_failed', { why: `storage and machine differ in ${differing.slice(0, 3).join(', ')}` });
}

/** Data first, then what names it, then our own row: a crash in between leaves a snapshot that the next look finds again. */
async function enter(
  claimed: Claimed,
  id: string,
  manifest: Uint8Array,
  files: readonly StoredFile[],
  ports: Ports,
  signal: AbortSignal,
): Promise<Snapshot> {
  const { machine, workspace, event, order, how, sequence, agreed } = claimed;
  const known = await ports.store.read('snapshots', id);
  if (known) return known;
  const current = await ports.store.read('workspaces', workspace.id);
  const all = await ports.store.list('snapshots');
  // Another engine ordered this machine's next backup meanwhile, and that one holds more than this one.
  if (all.some((other) => other.machine === machine.id && other.sequence > sequence))
    throw new Failure('proof_failed', { why: 'a later backup of the same machine is in the catalogue' });
  // Nobody else was given the workspace since: what was done here is the newest there is, whoever holds the claim now.
  const fenced = machine.epoch === null || machine.epoch !== current?.epoch;
  const ask = how.mode === 'live' ? how.ask : null;
  // The machine knows best whether its restore had ended; we may not have heard.
  const whole = !event.partial || (agreed && machine.complete);
  const snapshot: Snapshot = {
    ...UNTOUCHED,
    id,
    workspace: workspace.id,
    kind: fenced ? 'pre-failover' : ask ? 'manual' : 'automatic',
    type: ask ? ask.type : event.parent ? 'INCREMENTAL' : 'FULL',
    status: 'COMPLETED',
    createdAt: order.time,
    completedAt: ports.clock.now(),
    machine: machine.id,
    epoch: machine.epoch ?? event.epoch,
    sequence,
    parent: event.parent,
    sizeBytes: event.bytes,
    fileCount: files.length,
    contentHash: event.contentHash,
    partial: !whole,
    provedAt: ports.clock.now(),
    comparedAt: ports.clock.now(),
    description: ask?.description ?? '',
    tags: ask?.tags ?? [],
    extra: ask?.extra ?? {},
    errorMessage: shortfallOf(event),
  };
  await ports.storage.put(manifestKey(workspace.id, id), manifest, signal);
  await writeMetadata(snapshot, ports, signal);
  await ports.storage.remove(draftManifestKey(workspace.id, machine.id, draftOf(order)), signal);
  const entered = await ports.store.save('snapshots', snapshot);
  ports.tell({
    event: 'snapshot.proved',
    workspace: workspace.id,
    machine: machine.id,
    snapshot: id,
    files: snapshot.fileCount,
    bytes: snapshot.sizeBytes,
    why: ask ? (ask.type === 'CHECKPOINT' ? 'a checkpoint' : 'asked for') : 'last backup',
  });
  ports.bell.ring(rowsBell);
  return entered;
}

/** What a snapshot lacks. A file that cannot be read does not keep it from being the newest: the others are newer in it than anywhere else. */
export function shortfallOf({ partial, atRisk }: Pick<SaveEvent, 'partial' | 'atRisk'>): string | null {
  const named = (kind: AtRisk['kind'], one: string, more: string): string[] => {
    const count = atRisk.filter((risk) => risk.kind === kind).length;
    return count === 0 ? [] : [count === 1 ? `one ${one}` : `${count} ${more}`];
  };
  const unlisted = named('unlisted', 'folder', 'folders');
  const unread = [...unlisted, ...named('unreadable', 'file', 'files')].join(' and ');
  if (partial && unlisted.length === 0) return 'its machine did not have all of its own files yet';
  return unread === '' ? null : `${unread} could not be read`;
}

const draftOf = (order: SaveOrder): string =>
  order.tags.find((tag) => tag.startsWith('draft='))?.slice('draft='.length) ?? '';
