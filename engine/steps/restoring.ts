import type { AgentEvent, RestoreOrder } from '../domain/agent-protocol.ts';
import { Failure, isFailure, reasonOf } from '../domain/failures.ts';
import { headStartKey } from '../domain/layout.ts';
import type { Machine } from '../domain/lifecycle.ts';
import type { Ports } from '../domain/ports.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import { type Workspace, wakeFrom } from '../domain/workspace.ts';
import { agentCommand, failureOf, readAgentEvent } from '../remote/agent-command.ts';
import { neverClaimed, readClaim } from '../remote/claim-check.ts';
import { orderBase, repositoryAccess, whereIs } from './access.ts';
import { within } from './deadline.ts';
import { describe } from './describe.ts';
import { mending } from './mending.ts';
import { reach } from './reach.ts';
import { type Note, type Step, type Turn, verdictOn, workspaceOf } from './step.ts';

/** Brings the files that a person needs to start. The rest arrives while they work, which is `running`'s to follow. */
export const restoring: Step = async (machine, ports, signal, note) => {
  const workspace = await workspaceOf(machine, ports);
  if (workspace?.claim?.machine !== machine.id) return { to: 'releasing', why: 'its claim went to another machine' };
  const dropped = await verdictOn(machine, ports);
  if (dropped) return { to: 'releasing', why: dropped };
  try {
    if (machine.complete && (await keptItsFiles(machine, ports, signal)))
      return { to: 'running', why: 'its files never left it', facts: AT_WORK };
    return await mending(workspace, ports, signal, async () => await restore(workspace, ports, signal, note));
  } catch (cause) {
    signal.throwIfAborted();
    if (!isFailure(cause) || cause.code === 'row_changed') throw cause;
    return { to: 'releasing', why: reasonOf(cause) };
  }
};

const AT_WORK = { sealed: null, held: null, saveFailures: 0, saveAgainAt: null };

/** Started again in place: what lies on its disk is newer than any snapshot, unless the disk is not the one it had. */
async function keptItsFiles(machine: Machine, ports: Ports, signal: AbortSignal): Promise<boolean> {
  await using shell = await reach(machine, ports, signal);
  return !neverClaimed(await shell.run(readClaim(), signal));
}

async function restore(workspace: Workspace, ports: Ports, signal: AbortSignal, note: Note): Promise<Turn> {
  const snapshots = (await ports.store.list('snapshots')).filter((snapshot) => snapshot.workspace === workspace.id);
  const snapshot = wakeFrom(workspace, snapshots);
  const noted = await note({ restored: snapshot?.id ?? null });
  // One that has lost what opens it is not made anew: that would be another one.
  if (snapshot === null) {
    await describe(workspace, ports, signal); // before its first backup: nobody could read that without
    await ports.repositories.ensure(workspace, signal);
  }
  const done = await within(
    'restore to usable',
    ports.settings.race.deadlines.usableMs,
    ports.clock,
    signal,
    async (restoreSignal) => await follow(noted, workspace, snapshot, 'usable', ports, restoreSignal),
  );
  const why = snapshot ? `usable: ${done.files} files are there` : 'usable: a new workspace';
  return { to: 'running', why, facts: { ...AT_WORK, complete: done.event === 'complete' } };
}

type Arrived = Extract<AgentEvent, { event: 'usable' | 'complete' }>;

/**
 * Starts the restore, or follows the one that runs, until `until`. It belongs to the machine and not to this connection:
 * leaving it, or losing it, does not stop it.
 */
export async function follow(
  machine: Machine,
  workspace: Workspace,
  snapshot: Snapshot | null,
  until: Arrived['event'],
  ports: Ports,
  signal: AbortSignal,
): Promise<Arrived> {
  const order: RestoreOrder = {
    ...orderBase(machine),
    verb: 'restore',
    job: `${machine.id}-${workspace.claim?.epoch ?? 0}-${snapshot?.id.slice(0, 16) ?? 'new'}`,
    epoch: workspace.claim?.epoch ?? 0,
    snapshot: snapshot && (await whereIs(snapshot, ports)),
    headStartUrl:
      snapshot && (await ports.storage.presign('GET', headStartKey(workspace.id), ports.settings.save.credentialsMs)),
    repository: await repositoryAccess(workspace, ports),
    image: workspace.spec.wakeImage,
  };
  await using shell = await reach(machine, ports, signal);
  const enough = new AbortController();
  let arrived: Arrived | null = null;
  const listen = (line: string): void => {
    const event = readAgentEvent(line);
    if (event?.event === 'failed') throw failureOf(event, workspace.id);
    if (event?.event === 'progress') {
      const { event: _, ...progress } = event;
      ports.tell({ event: 'restore.progress', workspace: workspace.id, machine: machine.id, ...progress });
    }
    if (event?.event === 'image_read') {
      const { event: _, ...read } = event;
      ports.tell({ event: 'image.read', workspace: workspace.id, machine: machine.id, ...read });
    }
    if (event?.event === 'complete' || event?.event === 'usable')
      arrived ??= event.event === until || event.event === 'complete' ? event : null;
    if (arrived) enough.abort();
  };
  try {
    const command = agentCommand(order, ports.settings.save.timeoutMs);
    const output = await shell.run(command, AbortSignal.any([signal, enough.signal]), listen);
    if (!arrived)
      throw new Failure('restore_failed', { why: output.stderr.trim() || `the agent ended with ${output.code}` });
  } catch (cause) {
    signal.throwIfAborted();
    if (!arrived) throw cause;
  }
  return arrived;
}
