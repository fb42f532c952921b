import { Failure, isFailure, reasonOf } from '../domain/failures.ts';
import { draftManifestKey, manifestKey, watchdogProofKey } from '../domain/layout.ts';
import type { Machine } from '../domain/lifecycle.ts';
import type { Ports } from '../domain/ports.ts';
import { type Snapshot, UNTOUCHED } from '../domain/snapshot.ts';
import { WatchdogProof } from '../domain/watchdog-proof.ts';
import type { Workspace } from '../domain/workspace.ts';
import { challenge } from './challenge.ts';
import { writeMetadata } from './metadata.ts';
import { recoverBackups } from './recover-backups.ts';
import { rowsBell } from './step.ts';
import { compareLists, linesIn, storedManifest } from './stored-backup.ts';
import { update } from './update.ts';

export interface Adopted {
  readonly snapshot: Snapshot;
  /** It holds all of the machine's work: nothing moved from then until the machine was gone. */
  readonly all: boolean;
  readonly at: number;
}

/**
 * What a machine that is gone left in storage: the proof that it saved itself while nobody answered. Nothing it says is
 * believed. The control host reads the snapshot, its manifest, its list of files and bytes of files of its own choosing from
 * storage; only then is it in the catalogue. Null when there is no proof, or one that does not hold.
 */
export async function adoptProof(
  machine: Machine,
  workspace: Workspace,
  ports: Ports,
  signal: AbortSignal,
): Promise<Adopted | null> {
  if (machine.epoch === null) return null; // it never held anything
  const bytes = await ports.storage.get(watchdogProofKey(workspace.id, machine.id), signal);
  if (!bytes) return null;
  await recoverBackups(machine, workspace, ports, signal); // one that is later than the proof makes it worth nothing
  try {
    const proof = readProof(bytes);
    await mustBeNewest(proof, machine, workspace, ports);
    const snapshot =
      (await knownAlready(proof, ports)) ??
      (await enter(proof, await look(proof, machine, workspace, ports, signal), machine, workspace, ports, signal));
    const heardAt = ports.heartbeats.latest(machine.id)?.at ?? 0;
    return { snapshot, all: proof.processes === 'stand-still' && heardAt <= proof.at, at: proof.at };
  } catch (cause) {
    if (!isFailure(cause, 'proof_failed')) throw cause; // storage that does not answer says nothing of the proof
    ports.log(
      'watchdog.refused',
      { workspace: machine.workspace, machine: machine.id, why: reasonOf(cause) },
      'WARNING',
    );
    return null;
  }
}

/** It is in the catalogue; or the machine lives on, and what it said is not all of its work any more. */
export async function forgetProof(machine: Machine, ports: Ports, signal: AbortSignal): Promise<void> {
  await ports.storage.remove(watchdogProofKey(machine.workspace, machine.id), signal);
  await ports.storage.remove(draftManifestKey(machine.workspace, machine.id, WATCHDOG_DRAFT), signal);
}

function readProof(bytes: Uint8Array): WatchdogProof {
  try {
    return WatchdogProof.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
  } catch (cause) {
    throw new Failure('proof_failed', { why: `it cannot be read: ${reasonOf(cause)}` }, { cause });
  }
}

/**
 * Its number is the highest that was given out before, so whatever has a higher one was done after it. What was done after
 * it may also have a lower one, of a ticket that the machine had kept.
 */
async function mustBeNewest(
  { taken, machine: speaker, workspace: home }: WatchdogProof,
  machine: Machine,
  workspace: Workspace,
  ports: Ports,
): Promise<void> {
  if (speaker !== machine.id || home !== workspace.id) throw refusal(`it is of ${speaker}`);
  if (taken.epoch !== machine.epoch) throw refusal(`it is of claim ${taken.epoch}, not ${machine.epoch}`);
  if (taken.partial || taken.atRisk.length > 0) throw refusal('it left something out');
  const numbered = await ports.store.read('workspaces', workspace.id);
  if (taken.sequence > (numbered?.sequence ?? 0)) throw refusal(`number ${taken.sequence} was never given out`);
  const later = (await ports.store.list('snapshots')).find(
    (other) =>
      other.machine === machine.id &&
      other.id !== taken.snapshot &&
      (other.sequence > taken.sequence || other.createdAt > taken.time),
  );
  if (later) throw refusal(`${later.id.slice(0, 8)} is a later backup of the same machine`);
}

/** Entered before a crash, or because the machine named it itself. */
async function knownAlready({ taken }: WatchdogProof, ports: Ports): Promise<Snapshot | null> {
  const known = await ports.store.read('snapshots', taken.snapshot);
  if (known && known.provedAt === null) throw refusal(`${known.id.slice(0, 8)} failed before: ${known.errorMessage}`);
  return known?.comparedAt == null ? null : known;
}

/** The manifest, when storage holds what it says. */
async function look(
  { taken }: WatchdogProof,
  machine: Machine,
  workspace: Workspace,
  ports: Ports,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const id = taken.snapshot;
  const tags = [`machine=${machine.id}`, `epoch=${taken.epoch}`];
  const manifest = await storedManifest({ ...taken, machine: machine.id, tags }, workspace, ports, signal);
  const lines = await linesIn(manifest, { ...taken, manifestBase: null }, workspace, ports, signal);
  const files = await ports.repositories.files(workspace, id, signal);
  compareLists(lines, files);

  // Everything stood still, so every file has a hash, and storage must give back those very bytes.
  const written = new Map(lines.map((line) => [line.path, line.sha256]));
  const paths = challenge(files, ports, { last: true });
  const there = await ports.repositories.digests(workspace, id, paths, signal);
  const differing = paths.filter((path) => there.get(path) === undefined || there.get(path) !== written.get(path));
  if (differing.length > 0) throw refusal(`storage and its manifest differ in ${differing.slice(0, 3).join(', ')}`);
  return manifest;
}

/** Data first, then what names it, then our own row: a crash in between leaves a proof that the next look finds again. */
async function enter(
  { taken }: WatchdogProof,
  manifest: Uint8Array,
  machine: Machine,
  workspace: Workspace,
  ports: Ports,
  signal: AbortSignal,
): Promise<Snapshot> {
  const known = await ports.store.read('snapshots', taken.snapshot);
  // Its own number was only a floor: of all that this machine did it is the last, and that may have the same one.
  const counted = await update(ports.store, 'workspaces', workspace.id, (row) => ({
    ...row,
    sequence: row.sequence + 1,
  }));
  const now = ports.clock.now();
  const snapshot: Snapshot = {
    ...UNTOUCHED,
    id: taken.snapshot,
    version: known?.version ?? 0,
    workspace: workspace.id,
    kind: machine.epoch === counted?.epoch ? 'automatic' : 'pre-failover',
    type: taken.parent ? 'INCREMENTAL' : 'FULL',
    status: 'COMPLETED',
    createdAt: Math.min(taken.time, now),
    completedAt: now,
    machine: machine.id,
    epoch: taken.epoch,
    sequence: counted?.sequence ?? taken.sequence,
    parent: taken.parent,
    sizeBytes: taken.bytes,
    fileCount: taken.files,
    contentHash: taken.contentHash,
    partial: false,
    provedAt: now,
    comparedAt: now,
    pinned: known?.pinned ?? null,
    setAside: known?.setAside ?? null,
    errorMessage: null,
  };
  await ports.storage.put(manifestKey(workspace.id, snapshot.id), manifest, signal);
  await writeMetadata(snapshot, ports, signal);
  const entered = await ports.store.save('snapshots', snapshot);
  ports.tell({
    event: 'snapshot.proved',
    workspace: workspace.id,
    machine: machine.id,
    snapshot: snapshot.id,
    files: snapshot.fileCount,
    bytes: snapshot.sizeBytes,
    why: 'saved by the machine itself',
  });
  ports.bell.ring(rowsBell);
  return entered;
}

/** What `answer.ts` calls it. */
const WATCHDOG_DRAFT = 'watchdog';
const refusal = (why: string): Failure => new Failure('proof_failed', { why });
