import { sentence } from './domain/failures.ts';
import { HOLDS_WORK, type Machine, mayDestroy } from './domain/lifecycle.ts';
import { hasGpu } from './domain/marketplace.ts';
import type { Operation } from './domain/operation.ts';
import type { Ports } from './domain/ports.ts';
import { newRace, type Race } from './domain/race.ts';
import { isLater, type Workspace } from './domain/workspace.ts';
import { planFor } from './policy/race.ts';
import { isStandbyRace, whyNoGpu } from './policy/standby.ts';
import { keepReachable, mayStandBy } from './standby.ts';
import { forgetJob } from './steps/jobs.ts';
import { onlyAdopts } from './steps/only-adopts.ts';
import { carryOut, endOperation, forgetAsk } from './steps/operation.ts';
import { wakeOnTime } from './steps/schedules.ts';
import { rowsBell } from './steps/step.ts';
import { update } from './steps/update.ts';
import { WORKERS } from './workers.ts';

const HOUR = 3_600_000;

/**
 * Looks at every wish and does what is missing: starts the race of a workspace that is wanted awake and has neither
 * machine nor race, and closes the operations whose end can be seen. It takes no input and may run at any moment.
 */
export async function reconcile(ports: Ports, signal: AbortSignal): Promise<void> {
  const [workspaces, machines, races, operations] = await Promise.all([
    ports.store.list('workspaces'),
    ports.store.list('machines'),
    ports.store.list('races'),
    ports.store.list('operations'),
  ]);
  const ofWorkspace = ({ workspace }: { readonly workspace: string }): string => workspace;
  const machinesOf = Map.groupBy(machines, ofWorkspace);
  const racesOf = Map.groupBy(races, ofWorkspace);
  const openOf = Map.groupBy(
    operations.filter(({ endedAt }) => endedAt === null),
    ofWorkspace,
  );
  for (const workspace of workspaces) {
    signal.throwIfAborted();
    const all = machinesOf.get(workspace.id) ?? [];
    const sight = {
      workspace,
      machine: all.find((machine) => machine.id === workspace.claim?.machine) ?? null,
      all,
      ours: all.filter(({ state }) => state !== 'gone'),
      races: racesOf.get(workspace.id) ?? [],
      open: openOf.get(workspace.id) ?? [],
    };
    if (!workspace.destroying) await wakeOnTime(workspace, ports);
    await beginRace(sight, ports);
    await keepReachable(workspace, sight.machine, sight.races, ports);
    await forgetEnded(workspace, ports);
    for (const operation of sight.open) await settle(operation, sight, ports);
  }
}

interface Sight {
  readonly workspace: Workspace;
  readonly machine: Machine | null;
  /** Its machines, those that are gone as well. */
  readonly all: readonly Machine[];
  readonly ours: readonly Machine[];
  readonly races: readonly Race[];
  readonly open: readonly Operation[];
}

async function beginRace(sight: Sight, ports: Ports): Promise<void> {
  const { workspace, machine, races } = sight;
  if (workspace.wish.want !== 'awake' || (await onlyAdopts(ports))) return;
  if (machine && machine.state !== 'gone' && machine.state !== 'releasing' && machine.state !== 'lost') return;
  const operation = races.filter((race) => race.operation === workspace.wish.operation);
  const mine = operation.filter((race) => !isStandbyRace(race));
  if (races.some((race) => race.endedAt === null && !isStandbyRace(race))) return;
  const now = ports.clock.now();
  const why = whyNoGpu(mine);
  if (why !== null && mayStandBy(workspace, operation)) return;
  // From a standby a GPU is looked for again and again; only those that were won can have been lost.
  const lately = mine.filter(({ startedAt, outcome }) => now - startedAt < HOUR && outcome?.winner !== null);
  if (why !== null || lately.length > ports.settings.rewakesPerHour) {
    await giveUp(workspace, why ?? 'machines for it were lost too often within an hour', ports);
    return;
  }
  const race = newRace({
    id: `${workspace.wish.operation}-r${operation.length + 1}`,
    workspace: workspace.id,
    operation: workspace.wish.operation,
    startedAt: now,
    plan: planFor(workspace.wish, ports.settings),
    need: { ...workspace.spec.need, ...workspace.wish.need, diskGbMin: workspace.spec.diskGb },
  });
  await ports.store.save('races', race);
  ports.bell.ring(rowsBell);
}

/** Nobody is left waiting for a wake that cannot be: the wish goes back to asleep, and the reason is kept. */
async function giveUp(workspace: Workspace, why: string, ports: Ports): Promise<void> {
  await endOperation(
    workspace.wish.operation,
    { ok: false, code: 'race_lost', say: sentence('race_lost', { why }), facts: { why } },
    ports,
  );
  await update(ports.store, 'workspaces', workspace.id, (row) => {
    if (row.wish.operation !== workspace.wish.operation) return null;
    return {
      ...row,
      wish: { ...row.wish, want: 'asleep', by: 'dumont', why: `the wake failed: ${why}`, at: ports.clock.now() },
    };
  });
}

/** An ask that was written down after its operation had ended, by an engine that stood still meanwhile. */
async function forgetEnded(workspace: Workspace, ports: Ports): Promise<void> {
  for (const job of workspace.jobs) {
    const operation = await ports.store.read('operations', job.operation);
    if (operation && operation.endedAt !== null && job.machine !== workspace.claim?.machine)
      await forgetJob(workspace.id, job.operation, ports);
  }
  for (const ask of [...workspace.asks, ...workspace.fetches]) {
    const operation = await ports.store.read('operations', ask.operation);
    if (operation && operation.endedAt !== null) await forgetAsk(workspace.id, ask.operation, ports);
  }
}

/** It is taken while somebody can work. When nobody can any more, whoever asked hears that. */
async function settleAsk(operation: Operation, { workspace, machine }: Sight, ports: Ports): Promise<void> {
  if (workspace.wish.want !== 'awake' && (machine === null || machine.state === 'paused')) {
    const facts = { workspace: workspace.id };
    await endOperation(
      operation.id,
      { ok: false, code: 'no_such_machine', say: sentence('no_such_machine', facts), facts },
      ports,
    );
    await forgetAsk(workspace.id, operation.id, ports);
  } else if (![...workspace.asks, ...workspace.fetches].some((one) => one.operation === operation.id)) {
    await carryOut(operation, ports);
  }
}

/** It ends with its machine: whether it had got anywhere nobody can say then. */
async function settleRun(operation: Operation, { workspace, machine, all }: Sight, ports: Ports): Promise<void> {
  const job = workspace.jobs.find((one) => one.operation === operation.id);
  if (!job) return await carryOut(operation, ports);
  const ran = all.find((one) => one.id === job.machine);
  const asleep = job.machine === null && workspace.wish.want !== 'awake' && machine === null;
  const over = job.machine !== null && (!ran || ran.state === 'gone' || ran.id !== workspace.claim?.machine);
  if (!asleep && !over) return;
  const facts = { workspace: workspace.id, machine: job.machine ?? '' };
  const code = over ? 'machine_lost' : 'no_such_machine';
  await endOperation(operation.id, { ok: false, code, say: sentence(code, facts), facts }, ports);
  await forgetJob(workspace.id, operation.id, ports);
}

async function settle(operation: Operation, sight: Sight, ports: Ports): Promise<void> {
  const { workspace, machine, ours } = sight;
  if (WORKERS.has(operation.verb)) return;
  const fetches = operation.intent && 'fetch' in operation.intent;
  if (operation.verb === 'snapshot' || fetches) return await settleAsk(operation, sight, ports);
  if (operation.verb === 'run') return await settleRun(operation, sight, ports);
  if (workspace.wish.operation !== operation.id) {
    if (operation.intent && 'wish' in operation.intent && isLater(operation.intent.wish, workspace.wish))
      return await carryOut(operation, ports); // whoever wrote it down was stopped right then
    const why = `${workspace.wish.by} asked for something else meanwhile`;
    await endOperation(
      operation.id,
      { ok: false, code: 'workspace_busy', say: why, facts: { workspace: workspace.id, sight: why } },
      ports,
    );
    return;
  }
  const waking = operation.verb === 'wake' || operation.verb === 'restore';
  // After a save that failed it is not known whether it still answers, until its driver has reached it.
  if (waking && machine?.state === 'running' && machine.saveAgainAt === null) {
    await endOperation(
      operation.id,
      { ok: true, say: usableWords(workspace, machine), facts: { machine: machine.id } },
      ports,
    );
  }
  if (operation.verb === 'pause' && machine?.state === 'paused') {
    const snapshot = machine.sealed?.snapshot ?? null;
    const say = `${workspace.id} is paused: its machine stands still, and its disk goes on costing.`;
    await endOperation(operation.id, { ok: true, say, facts: { machine: machine.id, snapshot } }, ports);
    return;
  }
  if (!STOPS.has(operation.verb)) return;
  if (machine?.held && machine.held.at >= operation.at) {
    await stayAwake(operation, workspace, machine.held.why, ports);
    return;
  }
  const working = ours.some(mayHoldWork);
  if (!working && !sight.races.some((race) => race.endedAt === null)) {
    const lost = sight.all.find((one) => wasLost(one, operation.at, sight.all));
    if (lost) {
      const facts = { workspace: workspace.id, machine: lost.id };
      await endOperation(
        operation.id,
        { ok: false, code: 'machine_lost', say: sentence('machine_lost', facts), facts },
        ports,
      );
      return;
    }
    const newest = ours.find((one) => one.sealed !== null)?.sealed?.snapshot ?? null;
    const say = newest
      ? `${workspace.id} is asleep, its work proved as ${newest.slice(0, 8)}.`
      : `${workspace.id} is asleep.`;
    await endOperation(operation.id, { ok: true, say, facts: { snapshot: newest } }, ports);
  }
}

const usableWords = ({ id }: Workspace, { offer }: Machine): string =>
  hasGpu(offer) ? `${id} is usable.` : `${id} is usable at its standby, without a GPU.`;

/** What ends with no machine at work; a pause too, when its machine could not be stopped in place after all. */
const STOPS: ReadonlySet<string> = new Set(['hibernate', 'abandon', 'pause']);

/** Somebody else ended it before its work was saved, and it did not come back under another record. */
function wasLost(machine: Machine, since: number, all: readonly Machine[]): boolean {
  if (machine.state !== 'gone' || (machine.entered.lost ?? 0) < since || mayDestroy(machine) !== null) return false;
  return !all.some((other) => other.id !== machine.id && other.label === machine.label && mayDestroy(other) !== null);
}

/** Also one that is released before its work was saved: should it still be there, it is not destroyed but saved first. */
function mayHoldWork(machine: Machine): boolean {
  if (machine.state === 'releasing' || machine.state === 'lost') return mayDestroy(machine) === null;
  return HOLDS_WORK.has(machine.state) || machine.state === 'restoring';
}

/** Its last backup leaves something out. It stays awake until a person agrees or changes that. */
async function stayAwake(operation: Operation, workspace: Workspace, why: string, ports: Ports): Promise<void> {
  await update(ports.store, 'workspaces', workspace.id, (row) => {
    if (row.wish.operation !== operation.id) return null;
    return { ...row, wish: { ...row.wish, want: 'awake', by: 'dumont', why, at: ports.clock.now() } };
  });
  const facts = { workspace: workspace.id, why };
  await endOperation(
    operation.id,
    { ok: false, code: 'work_at_risk', say: sentence('work_at_risk', facts), facts },
    ports,
  );
}
