import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { isFailure, reasonOf } from '../domain/failures.ts';
import type { Taken } from '../domain/heartbeat.ts';
import { draftsPrefix } from '../domain/layout.ts';
import type { Machine } from '../domain/lifecycle.ts';
import type { Ports } from '../domain/ports.ts';
import type { Workspace } from '../domain/workspace.ts';
import { headOf } from '../policy/manifest-change.ts';
import { enterBackup } from './enter-backup.ts';

/**
 * Backups that a machine made and that nobody was told of: it vanished, or was given up, before its next heartbeat or while
 * the engine was down. What storage holds of them says all that the machine would have said.
 */
export async function recoverBackups(
  machine: Machine,
  workspace: Workspace,
  ports: Ports,
  signal: AbortSignal,
): Promise<void> {
  if (machine.epoch === null) return; // it never held anything
  const found: Taken[] = [];
  for (const { key } of await ports.storage.list(draftsPrefix(workspace.id, machine.id), signal)) {
    const taken = key.endsWith('.gz') ? await readDraft(key, ports, signal) : null;
    if (taken) found.push(taken);
  }
  // In their order, since a manifest may be a change of an earlier one.
  for (const taken of found.toSorted((a, b) => a.sequence - b.sequence)) {
    await enterBackup(taken, machine, workspace, ports, signal);
    ports.log('backup.recovered', {
      workspace: machine.workspace,
      machine: machine.id,
      snapshot: taken.snapshot,
      sequence: taken.sequence,
    });
  }
}

/** Null for a draft that is not a backup of its own, or that the machine did not write to its end. */
async function readDraft(key: string, ports: Ports, signal: AbortSignal): Promise<Taken | null> {
  const bytes = await ports.storage.get(key, signal);
  if (!bytes) return null;
  try {
    const head = headOf(gunzipSync(bytes));
    if (!head?.backup) return null;
    const manifestSha256 = createHash('sha256').update(bytes).digest('hex');
    return { ...head.backup, manifestSha256, manifestBase: head.base ?? null };
  } catch (cause) {
    if (isFailure(cause)) throw cause;
    ports.log('draft.unreadable', { key, why: reasonOf(cause) }, 'WARNING');
    return null;
  }
}
