import assert from 'node:assert/strict';
import { Failure } from '../domain/failures.ts';
import type { Kind, Rows } from '../domain/ports.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import type { Workspace } from '../domain/workspace.ts';

/** What a store may write, as pure functions, so that every store keeps the same rules. */

/**
 * The row as it is stored. Only the version that was read may be replaced; version 0 means that there is none yet. A snapshot
 * that may become newest enters only under the epoch that its workspace has at that very moment: whoever stood still while
 * another machine claimed the workspace enters it as what it then is.
 */
export function saved<K extends Kind>(
  kind: K,
  stored: Rows[K] | null,
  row: Rows[K],
  workspaceOf: (id: string) => Workspace | null,
): Rows[K] {
  if (kind === 'snapshots' && !stored) mustBeOfThisEpoch(row as Snapshot, workspaceOf);
  if ((stored?.version ?? 0) !== row.version) throw changed(kind, row.id, stored);
  if (kind === 'workspaces' && stored)
    assert((row as Workspace).epoch >= (stored as Workspace).epoch, `${row.id}: an epoch never goes back`);
  return { ...row, version: row.version + 1 };
}

function mustBeOfThisEpoch(row: Snapshot, workspaceOf: (id: string) => Workspace | null): void {
  if (row.kind === 'pre-failover' || row.provedAt === null) return;
  if (row.epoch < (workspaceOf(row.workspace)?.epoch ?? 0)) throw new Failure('fenced', { what: row.workspace });
}

/** Whether there is something to remove. Removed already is as good as removed now. */
export function removable<K extends Kind>(kind: K, stored: Rows[K] | null, row: Rows[K]): boolean {
  if (stored === null) return false;
  if (stored.version !== row.version) throw changed(kind, row.id, stored);
  return true;
}

function changed(kind: Kind, id: string, stored: { readonly version: number } | null): Failure {
  return new Failure('row_changed', { what: `${kind.slice(0, -1)} ${id}`, stored: stored?.version ?? null });
}

/** `row` is what must be stored for the answer to be true; null when nothing changes. */
export interface Claiming {
  readonly epoch: number | null;
  readonly row: Workspace | null;
}

/** One holder at a time, and each new one under a higher epoch than any before it. */
export function claimed(stored: Workspace | null, workspace: string, machine: string, now: number): Claiming {
  if (stored === null) throw new Failure('no_such_workspace', { workspace, known: '-' });
  if (stored.claim?.machine === machine) return { epoch: stored.claim.epoch, row: null };
  if (stored.claim !== null) return { epoch: null, row: null };
  const epoch = stored.epoch + 1;
  return { epoch, row: { ...stored, version: stored.version + 1, epoch, claim: { machine, epoch, at: now } } };
}

/** Null when the claim is not this machine's, so that there is nothing to end. */
export function unclaimed(stored: Workspace | null, machine: string): Workspace | null {
  if (stored?.claim?.machine !== machine) return null;
  return { ...stored, version: stored.version + 1, claim: null };
}

export interface Lease {
  readonly holder: string;
  readonly until: number;
}

/** The lease as it stands from now on; null when somebody else's still runs. */
export function leased(current: Lease | undefined, holder: string, now: number, ms: number): Lease | null {
  if (current && current.holder !== holder && current.until > now) return null;
  return { holder, until: now + ms };
}
