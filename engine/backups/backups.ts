import type { Taken } from '../domain/heartbeat.ts';
import type { Machine } from '../domain/lifecycle.ts';
import type { Ports } from '../domain/ports.ts';
import { type Backup, byAge, type Snapshot, UNTOUCHED } from '../domain/snapshot.ts';
import type { Fetch, Job, Workspace } from '../domain/workspace.ts';

/**
 * The snapshots of a workspace with what is happening to them, those that are not there yet, and those that came to nothing,
 * newest first. None of this is stored: it is what is asked for, what is done now and what that ended with, so that neither a
 * crash nor a lost machine leaves it behind.
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
  const failed = await cameToNothing(workspace, machine, ports);
  return placed(failed, [...open, ...taken, ...known].toSorted(byAge), workspace);
}

/**
 * What people asked for in vain, for a week; and what the machine goes on trying, until it succeeds: its own backups, or the
 * last one.
 */
async function cameToNothing(workspace: Workspace, machine: Machine | null, ports: Ports): Promise<readonly Wanted[]> {
  const since = Math.max(workspace.createdAt, ports.clock.now() - FAILED_SHOWN_MS);
  const asked = (await ports.store.list('operations')).flatMap(({ id, intent, outcome, endedAt, ...op }): Wanted[] => {
    const mine = op.workspace === workspace.id && op.at >= since;
    if (!mine || !intent || !('ask' in intent) || outcome?.ok !== false) return [];
    const { operation: _, by: __, at: createdAt, ...labels } = intent.ask;
    return [{ id, createdAt, ...labels, completedAt: endedAt, errorMessage: outcome.say }];
  });
  if (!machine || machine.state === 'saving') return asked;
  const own = { kind: 'automatic', type: 'INCREMENTAL', machine: machine.id } as const;
  if (machine.saveFailures > 0 && machine.state === 'running') {
    const { id, since, why } = machine;
    return [...asked, { ...own, id, createdAt: since, completedAt: since, errorMessage: why }];
  }
  const heard = heardLately(machine, ports);
  if (!heard) return asked;
  const { failures, failedWhy, failedAt } = heard.status.backup;
  if (failures === 0) return asked;
  const at = failedAt ?? heard.at;
  return [...asked, { ...own, id: machine.id, createdAt: at, completedAt: at, errorMessage: failedWhy }];
}

/** Each where it belongs by its time: it was given no number, so it has that of the one before it. */
function placed(failed: readonly Wanted[], others: readonly Backup[], { id, epoch }: Workspace): readonly Backup[] {
  const all = [...others];
  for (const one of failed) {
    const next = all.findIndex(({ createdAt }) => createdAt <= one.createdAt);
    const at = next < 0 ? all.length : next;
    const { epoch: claim, sequence } = all[at] ?? beyond(all.at(-1), epoch);
    all.splice(at, 0, { ...NOT_YET, workspace: id, machine: '', ...one, epoch: claim, sequence, status: 'FAILED' });
  }
  return all;
}

/** What its machine wakes from, until all of it is there, and what is brought back onto it. */
function beingRestored({ fetches }: Workspace, { state, complete, restored }: Machine): ReadonlySet<string | null> {
  const arriving = state === 'restoring' || (state === 'running' && !complete);
  return new Set([...(arriving ? [restored] : []), ...(state === 'running' ? fetches.map((it) => it.snapshot) : [])]);
}

/** Made by the machine itself, and looked at next. */
async function readBack(workspace: Workspace, machine: Machine, ports: Ports): Promise<readonly Backup[]> {
  const heard = heardLately(machine, ports);
  if (!heard) return [];
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

/** What it said last, unless it has been silent since: nothing is known of it then. */
function heardLately({ id }: Machine, { heartbeats, clock, settings }: Ports) {
  const heard = heartbeats.latest(id);
  return heard && clock.now() - heard.at <= settings.agent.silentMs ? heard : null;
}

const beyond = (oldest: Backup | undefined, epoch: number): Pick<Backup, 'epoch' | 'sequence'> =>
  oldest ? { epoch: oldest.epoch, sequence: oldest.sequence - 1 } : { epoch, sequence: 0 };

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

const FAILED_SHOWN_MS = 7 * 24 * 3_600_000;

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
