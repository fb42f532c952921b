import type { Taken } from '../domain/heartbeat.ts';
import type { Machine } from '../domain/lifecycle.ts';
import type { Ports } from '../domain/ports.ts';
import { type Backup, byAge, type Snapshot, UNTOUCHED } from '../domain/snapshot.ts';
import type { Fetch, Job, Workspace } from '../domain/workspace.ts';

/**
 * The snapshots of a workspace with what is happening to them, and those that are not there yet, newest first. Nothing of
 * it is stored: it is what is asked for and what is done now, so that neither a crash nor a lost machine leaves it behind.
 */
export async function backupsOf(
  workspace: Workspace,
  snapshots: readonly Snapshot[],
  ports: Ports,
): Promise<readonly Backup[]> {
  const machine = workspace.claim && (await ports.store.read('machines', workspace.claim.machine));
  const restored = machine ? beingRestored(workspace, machine) : new Set();
  const known = snapshots.map((one): Backup => (restored.has(one.id) ? { ...one, status: 'RESTORING' } : one));
  const taken = machine ? await readBack(workspace, machine, ports) : [];
  const waiting = [...asked(workspace), ...(machine?.state === 'saving' ? [last(workspace, machine)] : [])];
  const open = waiting.map(({ id, ...of }, i): Backup => {
    const status = ports.underway.get(id) ?? 'PENDING';
    const order = { epoch: workspace.epoch, sequence: workspace.sequence + waiting.length - i };
    return { ...NOT_YET, ...order, workspace: workspace.id, machine: machine?.id ?? '', id, ...of, status };
  });
  return [...open, ...taken, ...known].toSorted(byAge);
}

/** What its machine wakes from, until all of it is there, and what is brought back onto it. */
function beingRestored({ fetches }: Workspace, { state, complete, restored }: Machine): ReadonlySet<string | null> {
  const arriving = state === 'restoring' || (state === 'running' && !complete);
  return new Set([...(arriving ? [restored] : []), ...(state === 'running' ? fetches.map((it) => it.snapshot) : [])]);
}

/** Made by the machine itself, and looked at next. */
async function readBack(workspace: Workspace, machine: Machine, ports: Ports): Promise<readonly Backup[]> {
  const heard = ports.heartbeats.latest(machine.id);
  if (!heard || ports.clock.now() - heard.at > ports.settings.agent.silentMs) return [];
  const all = await Promise.all(
    heard.status.taken.map(async (one) => ((await ports.store.read('snapshots', one.snapshot)) ? [] : [one])),
  );
  return all.flat().map((one: Taken): Backup => {
    const { snapshot: id, parent, epoch, sequence, contentHash, partial, manifestBase } = one;
    const type = parent === null ? 'FULL' : 'INCREMENTAL';
    const counts = { fileCount: one.files, sizeBytes: one.bytes, createdAt: one.time };
    const held = { parent, epoch, sequence, contentHash, partial, manifestBase, ...counts };
    return { ...NOT_YET, ...held, id, type, workspace: workspace.id, machine: machine.id, status: 'VALIDATING' };
  });
}

type Wanted = Pick<Backup, 'id' | 'type' | 'createdAt'> & Partial<Backup>;

/** What people asked for, and the checkpoints before what they asked for. */
function asked({ asks, fetches, jobs }: Workspace): readonly Wanted[] {
  const checkpoint = ({ operation: id, at: createdAt }: Fetch | Job): Wanted => ({ id, type: 'CHECKPOINT', createdAt });
  return [
    ...asks.map(({ operation, at, by: _, ...labels }) => ({ id: operation, createdAt: at, ...labels })),
    ...fetches.filter(({ into, checkpoint: done }) => into === null && done === null).map(checkpoint),
    ...jobs.filter(({ machine }) => machine === null).map(checkpoint),
  ];
}

/** The one before its machine ends. */
function last({ wish }: Workspace, { id, since }: Machine): Wanted {
  return { id, type: 'INCREMENTAL', kind: 'automatic', createdAt: since, description: wish.why };
}

const NOT_YET = {
  ...UNTOUCHED,
  kind: 'manual',
  completedAt: null,
  parent: null,
  sizeBytes: 0,
  fileCount: 0,
  contentHash: '',
  partial: false,
  provedAt: null,
  comparedAt: null,
  errorMessage: null,
} as const;
