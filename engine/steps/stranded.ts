import { type Failure, isFailure, reasonOf } from '../domain/failures.ts';
import type { Machine } from '../domain/lifecycle.ts';
import type { Listed, ListedStatus } from '../domain/marketplace.ts';
import type { Marketplace, Ports } from '../domain/ports.ts';
import type { Workspace } from '../domain/workspace.ts';
import { Absence, findIn } from './absence.ts';
import { wishByItself } from './by-itself.ts';
import { within } from './deadline.ts';
import { compareWithBootLog } from './host-key.ts';
import { abandonment, marketplaceOf, type Note, type Step, type Turn, workspaceBell, workspaceOf } from './step.ts';
import { adoptProof, forgetProof } from './watchdog-proof.ts';

/**
 * It has work on it and does not answer. As long as a marketplace lists it, it may return, and it is never given up here:
 * only two lists without it and its silence together make it lost.
 */
export const stranded: Step = async (machine, ports, signal, note) => {
  const { watch, release } = ports.settings;
  const marketplace = marketplaceOf(machine, ports);
  const absence = new Absence(release.proofGapMs);
  using ear = ports.bell.listen(workspaceBell(machine.workspace));
  for (;;) {
    signal.throwIfAborted();
    const workspace = await workspaceOf(machine, ports);
    const abandoned = abandonment(machine, workspace);
    if (abandoned) return { to: 'saving', why: `${abandoned.by} gives up what is on it` };
    const departedAt = ports.clock.now();
    const listed = findIn(await marketplace.list(signal), machine);
    if (listed && marketplace.pauses && mayStart(machine, listed, ports.clock.now()))
      machine = await start(listed.instance, machine, marketplace, ports, signal, note);
    const met = await meet(machine, listed, ports, signal);
    if (met) {
      // Before it is forgotten: it may end itself yet, and then that snapshot is the last that there is.
      if (workspace) await adoptProof(machine, workspace, ports, signal);
      await forgetProof(machine, ports, signal);
      const mine = workspace?.claim?.machine === machine.id;
      const facts = { ...met, complete: machine.complete, revived: undefined };
      const wanted = mine && workspace.wish.want === 'awake';
      // Once it was being saved its processes may stand still, and only another save lets them go on.
      if (wanted && machine.entered.saving === undefined) return { to: 'running', why: 'it answers again', facts };
      if (mine && !machine.complete)
        return { to: 'running', why: 'it answers again, and its files still arrive', facts };
      return {
        to: 'saving',
        why: mine ? 'it answers again, and is saved first' : 'it answers; what it holds is saved',
        facts,
      };
    }
    if (absence.sees(listed !== undefined, departedAt)) return await leave(machine, workspace, ports, signal);
    if (listed && costsForNothing(machine, listed, ports))
      await stop(listed.instance, machine, marketplace, ports, signal);
    await ear.wait(watch.lookMs, signal);
  }
};

/** Its host stopped it, or we did. One that was started already and said nothing waits, each time longer. */
function mayStart({ revived }: Machine, { status }: Listed, now: number): boolean {
  if (!ENDED.has(status) || !revived?.started) return ENDED.has(status);
  return now >= revived.at + (REST_MS[Math.min(revived.times, REST_MS.length) - 1] ?? 0);
}

/** Somebody else may have its GPU for a while; its work is on its disk, and stays, so it is asked for again at the next look. */
async function start(
  instance: string,
  machine: Machine,
  marketplace: Marketplace,
  ports: Ports,
  signal: AbortSignal,
  note: Note,
): Promise<Machine> {
  const { revived } = machine;
  const begun = { at: ports.clock.now(), times: (revived?.times ?? 0) + 1, started: false };
  await note({ address: null, hostKey: null, revived: begun }); // first: after a crash it is known that it costs
  await ports.fence.check(machine.id, signal);
  try {
    await marketplace.start(instance, signal);
    return await note({ revived: { ...begun, started: true } });
  } catch (cause) {
    signal.throwIfAborted();
    if (!isFailure(cause, 'gpu_taken', 'marketplace_busy')) throw cause;
    logFailed('machine.not_started', machine, cause, ports);
    return await note({ revived });
  }
}

/**
 * Started by us, it runs and nobody hears of it: its GPU is paid for nothing. Nothing runs on it that anybody began, since it
 * stood still; one that never did is not touched, whatever it costs.
 */
function costsForNothing({ id, revived }: Machine, { status }: Listed, ports: Ports): boolean {
  if (!revived || ENDED.has(status)) return false;
  const heardAt = ports.heartbeats.latest(id)?.at ?? 0;
  const silentMs = SILENT_MS[Math.min(revived.times, SILENT_MS.length) - 1] ?? 0;
  return heardAt < revived.at && ports.clock.now() - revived.at >= silentMs;
}

async function stop(
  instance: string,
  machine: Machine,
  marketplace: Marketplace,
  ports: Ports,
  signal: AbortSignal,
): Promise<void> {
  await ports.fence.check(machine.id, signal);
  try {
    await marketplace.stop(instance, signal);
    const { id, workspace } = machine;
    ports.log('machine.stopped_again', { workspace, machine: id, why: 'it was started, and nobody heard of it' });
  } catch (cause) {
    signal.throwIfAborted();
    if (!isFailure(cause)) throw cause;
    logFailed('machine.not_stopped', machine, cause, ports);
  }
}

function logFailed(event: string, { id, workspace }: Machine, cause: Failure, ports: Ports): void {
  ports.log(event, { workspace, machine: id, why: reasonOf(cause) }, 'WARNING');
}

/** A machine whose disk is there already starts in a minute or two; a slow one gets longer the next time. */
const SILENT_MS = [10 * 60_000, 30 * 60_000, 3_600_000];
/** From one start that nobody heard of to the next; the last one repeats. */
const REST_MS = [3_600_000, 6 * 3_600_000, 24 * 3_600_000];

/** Gone. It may have saved all of its work and ended itself while nobody answered it: then nothing is lost. */
async function leave(machine: Machine, workspace: Workspace | null, ports: Ports, signal: AbortSignal): Promise<Turn> {
  const lost = { to: 'lost', why: 'two lists do not have it, and it does not answer' } as const;
  const adopted = workspace && (await adoptProof(machine, workspace, ports, signal));
  if (!workspace || !adopted?.all) return lost;
  const { at } = adopted;
  const snapshot = adopted.snapshot.id;
  const why = 'nobody was at work and no engine answered, so it saved and ended itself';
  // As when it falls asleep by a policy of ours; whoever asked for something since then gets that.
  const current = await workspaceOf(machine, ports);
  if (current?.claim?.machine === machine.id && current.wish.want === 'awake' && current.wish.at <= at)
    await wishByItself(`watchdog-${machine.id}`, 'asleep', current, why, ports);
  ports.tell({ event: 'machine.ended_itself', workspace: workspace.id, machine: machine.id, snapshot, at, why });
  return { ...lost, why: `it ended itself, saved as ${snapshot.slice(0, 8)}`, facts: { sealed: { snapshot, at } } };
}

const ENDED: ReadonlySet<ListedStatus> = new Set(['stopped', 'exited']);

async function meet(
  machine: Machine,
  listed: Listed | undefined,
  ports: Ports,
  signal: AbortSignal,
): Promise<Pick<Machine, 'address' | 'hostKey'> | null> {
  const address = listed?.address ?? machine.address;
  if (!address) return null;
  const { connectMs } = ports.settings.race.deadlines;
  try {
    return await within('connect', connectMs, ports.clock, signal, async (connectSignal) => {
      await using shell = await ports.connect(address, machine.hostKey, connectSignal);
      if (machine.hostKey === null) await compareWithBootLog(machine, address, shell.hostKey, ports, connectSignal);
      return { address, hostKey: shell.hostKey };
    });
  } catch (cause) {
    signal.throwIfAborted();
    if (!isFailure(cause)) throw cause;
    ports.log('machine.silent', { workspace: machine.workspace, machine: machine.id, why: reasonOf(cause) });
    return null;
  }
}
