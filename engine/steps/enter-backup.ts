import { Failure, isFailure, reasonOf } from '../domain/failures.ts';
import type { Taken } from '../domain/heartbeat.ts';
import { draftManifestKey, manifestKey } from '../domain/layout.ts';
import type { Machine } from '../domain/lifecycle.ts';
import type { Ports } from '../domain/ports.ts';
import { type Snapshot, UNTOUCHED } from '../domain/snapshot.ts';
import type { Workspace } from '../domain/workspace.ts';
import { challenge } from './challenge.ts';
import { writeMetadata } from './metadata.ts';
import { shortfallOf } from './proof.ts';
import { rowsBell } from './step.ts';
import { compareLists, linesIn, storedManifest } from './stored-backup.ts';

/**
 * Enters a backup that the agent made by itself. There are thousands a day, so not every one has its bytes compared: that it
 * is in storage, that it is this machine's, and that its manifest is the one the machine wrote is looked at each time.
 * One that is not what it was said to be is kept in the catalogue as failed, so that it is not asked about for ever.
 */
export async function enterBackup(
  taken: Taken,
  machine: Machine,
  workspace: Workspace,
  ports: Ports,
  signal: AbortSignal,
): Promise<void> {
  if (await ports.store.read('snapshots', taken.snapshot)) return;
  let manifest: Uint8Array | null = null;
  let compared = false;
  let trouble: string | null = null;
  try {
    manifest = await look(taken, machine, workspace, ports, signal);
    compared = await isCompareDue(workspace, ports);
    if (compared) await compare(taken, manifest, workspace, ports, signal);
  } catch (cause) {
    if (!isFailure(cause, 'proof_failed')) throw cause; // storage that does not answer says nothing of the backup
    trouble = reasonOf(cause);
    ports.log(
      'backup.refused',
      { workspace: machine.workspace, machine: machine.id, snapshot: taken.snapshot, why: trouble },
      'WARNING',
    );
  }
  const now = ports.clock.now();
  const current = await ports.store.read('workspaces', workspace.id);
  const fenced = machine.epoch !== current?.epoch;
  const snapshot: Snapshot = {
    ...UNTOUCHED,
    id: taken.snapshot,
    workspace: workspace.id,
    kind: fenced ? 'pre-failover' : 'automatic',
    type: taken.parent ? 'INCREMENTAL' : 'FULL',
    status: trouble === null ? 'COMPLETED' : 'FAILED',
    createdAt: Math.min(taken.time, now),
    completedAt: now,
    machine: machine.id,
    epoch: taken.epoch,
    sequence: taken.sequence,
    parent: taken.parent,
    sizeBytes: taken.bytes,
    fileCount: taken.files,
    contentHash: taken.contentHash,
    partial: taken.partial,
    provedAt: trouble === null ? now : null,
    comparedAt: compared && trouble === null ? now : null,
    manifestBase: taken.manifestBase,
    errorMessage: trouble ?? shortfallOf(taken),
  };
  if (manifest && trouble === null) await ports.storage.put(manifestKey(workspace.id, snapshot.id), manifest, signal);
  await writeMetadata(snapshot, ports, signal);
  await ports.store.save('snapshots', snapshot);
  await ports.storage.remove(draftManifestKey(workspace.id, machine.id, taken.draft), signal);
  ports.bell.ring(rowsBell);
}

/** The manifest, when everything is as it was said to be. */
async function look(
  taken: Taken,
  machine: Machine,
  workspace: Workspace,
  ports: Ports,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const refuse = (why: string): never => {
    throw new Failure('proof_failed', { why });
  };
  const id = taken.snapshot.slice(0, 8);
  if (taken.epoch !== machine.epoch) refuse(`snapshot ${id} is of claim ${taken.epoch}, not ${machine.epoch}`);
  const numbered = await ports.store.read('workspaces', workspace.id);
  if (taken.sequence > (numbered?.sequence ?? 0)) refuse(`number ${taken.sequence} was never given out`);
  if (taken.manifestBase !== null) {
    const base = await ports.store.read('snapshots', taken.manifestBase);
    if (base?.workspace !== workspace.id || base.manifestBase !== null || base.status !== 'COMPLETED')
      refuse('the manifest that its own is a change of is not in the catalogue');
  }
  const tags = [`machine=${machine.id}`, `epoch=${taken.epoch}`, `draft=${taken.draft}`];
  return await storedManifest({ ...taken, machine: machine.id, tags }, workspace, ports, signal);
}

async function isCompareDue(workspace: Workspace, ports: Ports): Promise<boolean> {
  const compared = (await ports.store.list('snapshots'))
    .filter((snapshot) => snapshot.workspace === workspace.id)
    .reduce((latest, snapshot) => Math.max(latest, snapshot.comparedAt ?? 0), 0);
  return ports.clock.now() - compared >= ports.settings.agent.compareEveryMs;
}

/** Some files are read back. People go on working, so it is the machine's own list of hashes that storage must agree with. */
async function compare(
  taken: Taken,
  manifest: Uint8Array,
  workspace: Workspace,
  ports: Ports,
  signal: AbortSignal,
): Promise<void> {
  const lines = await linesIn(manifest, taken, workspace, ports, signal);
  const files = await ports.repositories.files(workspace, taken.snapshot, signal);
  compareLists(lines, files);
  const paths = challenge(files, ports, { last: false });
  if (paths.length === 0) return;
  const written = new Map(lines.map((line) => [line.path, line.sha256]));
  const stored = await ports.repositories.digests(workspace, taken.snapshot, paths, signal);
  const differing = paths.filter((path) => written.get(path) !== undefined && stored.get(path) !== written.get(path));
  if (differing.length > 0)
    throw new Failure('proof_failed', {
      why: `storage and the machine's list differ in ${differing.slice(0, 3).join(', ')}`,
    });
}
