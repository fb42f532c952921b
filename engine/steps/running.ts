import { isFailure, reasonOf } from '../domain/failures.ts';
import type { Machine } from '../domain/lifecycle.ts';
import type { Ear, Ports } from '../domain/ports.ts';
import { type Workspace, yieldsNow } from '../domain/workspace.ts';
import { bringBack } from './bring-back.ts';
import { enterBackup } from './enter-backup.ts';
import { followJobs } from './jobs.ts';
import { keepLine, type Line } from './line.ts';
import { minding } from './minding.ts';
import { reach } from './reach.ts';
import { follow } from './restoring.ts';
import { takeSnapshot } from './snapshot.ts';
import { abandonment, type Note, rowsBell, type Step, workspaceBell, workspaceOf } from './step.ts';

/** Somebody can work on it. Nothing acts on it but wishes and policies; it leaves only to be saved, or when it falls silent. */
export const running: Step = async (machine, ports, signal, note) => {
  const { watch } = ports.settings;
  using ear = ports.bell.listen(workspaceBell(machine.workspace));
  await using line = keepLine();
  const mind = minding();
  let misses = 0;
  for (;;) {
    signal.throwIfAborted();
    const workspace = await workspaceOf(machine, ports);
    const leave = reasonToSave(machine, workspace, ports.clock.now());
    if (leave) return { to: 'saving', why: leave };
    try {
      if (!workspace) await (await reach(machine, ports, signal))[Symbol.asyncDispose]();
      else {
        machine = await attend(machine, workspace, line, ports, signal, note, ear);
        machine = await settleDown(machine, workspace, ports, note);
      }
      misses = 0;
    } catch (cause) {
      signal.throwIfAborted();
      // A row that another wrote is read again before anything else is done with this one.
      if (!isFailure(cause) || cause.code === 'row_changed') throw cause;
      if (isFailure(cause, 'ssh_refused', 'ssh_lost', 'stage_slow', 'host_key_changed')) misses += 1;
      ports.log(
        'machine.missed',
        { workspace: machine.workspace, machine: machine.id, misses, why: reasonOf(cause) },
        'WARNING',
      );
      if (misses >= watch.missesMax) return { to: 'stranded', why: reasonOf(cause) };
    }
    if (workspace) machine = await mind(machine, workspace, ports, note);
    await ear.wait(waitMs(machine, misses, ports), signal);
  }
};

/** One thing after the other, the most urgent first; whatever is left is next, since each of them rings the bell. */
async function attend(
  machine: Machine,
  workspace: Workspace,
  line: Line,
  ports: Ports,
  signal: AbortSignal,
  note: Note,
  ear: Ear,
): Promise<Machine> {
  await line.hold(machine, workspace, ports, signal);
  if (workspace.claim?.machine !== machine.id) return machine; // it waits to be saved again, and is given nothing new
  if (!machine.complete) return await arrive(machine, workspace, ports, signal, note, ear);
  if (workspace.asks[0]) await takeSnapshot(machine, workspace, workspace.asks[0], ports, signal, note);
  if (workspace.fetches[0]) await bringBack(machine, workspace, workspace.fetches[0], ports, signal, note);
  for (const taken of ports.heartbeats.latest(machine.id)?.status.taken ?? [])
    await enterBackup(taken, machine, workspace, ports, signal);
  return await followJobs(machine, workspace, line, ports, signal, note);
}

/** It answers and is wanted awake, here: that its last save failed is over, and who asked to wake it may hear that it is. */
async function settleDown(machine: Machine, workspace: Workspace, ports: Ports, note: Note): Promise<Machine> {
  const wanted = workspace.claim?.machine === machine.id && workspace.wish.want === 'awake';
  if (!wanted || yieldsNow(machine, workspace) || machine.saveAgainAt === null) return machine;
  const settled = await note({ saveAgainAt: null, saveFailures: 0 });
  ports.bell.ring(rowsBell);
  return settled;
}

/** A wish, a newer claim, or a person who gives up: what ends a machine's work. All of them pass through `saving`. */
function reasonToSave(machine: Machine, workspace: Workspace | null, now: number): string | null {
  const abandoned = abandonment(machine, workspace);
  if (abandoned) return `${abandoned.by} gives up what is on it`;
  const fenced = workspace?.claim?.machine !== machine.id;
  const yielding = !fenced && yieldsNow(machine, workspace);
  if (!fenced && workspace.wish.want === 'awake' && !yielding) return null;
  const waits = machine.saveAgainAt !== null && now < machine.saveAgainAt;
  // A new wish does not wait; one that a clock dates into the future does, or it would be tried without end.
  if (waits && !(workspace && Math.min(workspace.wish.at, now) > machine.since)) return null;
  if (!workspace) return 'its workspace is not known any more';
  if (!fenced && !machine.complete) return null; // its files are still arriving: a snapshot now would be partial
  if (yielding) return workspace.yields?.to === null ? 'its rental ends soon' : 'a machine with a GPU is ready';
  return fenced ? 'another machine holds the workspace now' : `${workspace.wish.by}: ${workspace.wish.why}`;
}

/** Follows the rest of the restore for a while, so that a wish in between is heard. */
async function arrive(
  machine: Machine,
  workspace: Workspace,
  ports: Ports,
  signal: AbortSignal,
  note: Note,
  ear: Ear,
): Promise<Machine> {
  const snapshot = machine.restored === null ? null : await ports.store.read('snapshots', machine.restored);
  const enough = new AbortController();
  const following = follow(machine, workspace, snapshot, 'complete', ports, AbortSignal.any([signal, enough.signal]));
  const until = ports.clock.now() + ports.settings.watch.lookMs;
  let arrived: Awaited<typeof following> | null = null;
  let left = false;
  while (!arrived && !left) {
    const heard = ear.wait(Math.max(1, until - ports.clock.now()), signal).then(() => null);
    heard.catch(() => undefined);
    arrived = await Promise.race([following, heard]);
    // Most rings are heartbeats, which are no reason to leave.
    const now = ports.clock.now();
    left = now >= until || reasonToSave(machine, await workspaceOf(machine, ports), now) !== null;
  }
  enough.abort();
  if (!arrived) {
    await following.catch(() => undefined);
    return machine;
  }
  const complete = await note({ complete: true });
  ports.tell({
    event: 'workspace.complete',
    workspace: workspace.id,
    machine: machine.id,
    files: arrived.files,
    bytes: arrived.bytes,
  });
  ports.bell.ring(workspaceBell(workspace.id));
  return complete;
}

function waitMs(machine: Machine, misses: number, ports: Ports): number {
  const { lookMs } = ports.settings.watch;
  if (misses > 0) return Math.min(lookMs, 2_000);
  const next = [machine.saveAgainAt, machine.warned?.actsAt ?? null].filter((at) => at !== null);
  return Math.max(1, Math.min(lookMs, ...next.map((at) => at - ports.clock.now()).filter((ms) => ms > 0)));
}
