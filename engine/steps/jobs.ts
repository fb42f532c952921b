import { afterWakeJob } from '../domain/after-wake.ts';
import { isFailure, sentence } from '../domain/failures.ts';
import type { JobStatus } from '../domain/heartbeat.ts';
import type { Machine } from '../domain/lifecycle.ts';
import type { Ports } from '../domain/ports.ts';
import { type Job, programOf, type Workspace } from '../domain/workspace.ts';
import type { Line } from './line.ts';
import { endOperation } from './operation.ts';
import { isUnreached, reach } from './reach.ts';
import { converse } from './save-talk.ts';
import { type Note, workspaceBell } from './step.ts';
import { update } from './update.ts';

/** Takes the checkpoint of a program that was asked for, has it started, and says how it ended. */
export async function followJobs(
  machine: Machine,
  workspace: Workspace,
  line: Line,
  ports: Ports,
  signal: AbortSignal,
  note: Note,
): Promise<Machine> {
  const said = ports.heartbeats.latest(machine.id)?.status.jobs ?? [];
  for (const job of workspace.jobs) {
    if (job.machine === null) machine = await begin(job, machine, workspace, line, ports, signal, note);
    const ended = job.machine === machine.id && said.find(({ id, state }) => id === job.operation && state === 'ended');
    if (ended) machine = await end(job, ended, machine, workspace, ports, note);
  }
  return await followAfterWake(machine, workspace, said, ports, note);
}

/** Without its checkpoint it is not started: whoever asked wanted a way back. */
async function begin(
  job: Job,
  machine: Machine,
  workspace: Workspace,
  line: Line,
  ports: Ports,
  signal: AbortSignal,
  note: Note,
): Promise<Machine> {
  let checkpoint: string | null;
  try {
    await using shell = await reach(machine, ports, signal);
    const description = `before ${programOf(job.argv)}`;
    const ask = {
      operation: job.operation,
      by: job.by,
      at: job.at,
      description,
      tags: [],
      extra: {},
      type: 'CHECKPOINT',
    } as const;
    const saved = await converse(shell, machine, workspace, { mode: 'live', ask }, ports, signal, note);
    checkpoint = saved.snapshot;
  } catch (cause) {
    signal.throwIfAborted();
    if (!isFailure(cause) || isUnreached(cause) || cause.code === 'repository_locked') throw cause;
    const say = `It was not started, since the checkpoint before it failed. ${sentence(cause.code, cause.facts)}`;
    await endOperation(job.operation, { ok: false, code: cause.code, say, facts: cause.facts }, ports);
    await forgetJob(workspace.id, job.operation, ports);
    return machine;
  }
  const given = await update(ports.store, 'workspaces', workspace.id, (row) => ({
    ...row,
    jobs: row.jobs.map((one) => (one.operation === job.operation ? { ...one, machine: machine.id } : one)),
  }));
  ports.tell({
    event: 'job.began',
    workspace: workspace.id,
    machine: machine.id,
    operation: job.operation,
    command: programOf(job.argv),
    checkpoint,
    output: outputOf(job.operation),
  });
  await line.renew(machine, given ?? workspace, ports, signal);
  return machine.restAfter === null ? machine : await note({ restAfter: null });
}

async function end(
  job: Job,
  status: JobStatus,
  machine: Machine,
  workspace: Workspace,
  ports: Ports,
  note: Note,
): Promise<Machine> {
  const code = status.code ?? 1;
  const operation = await ports.store.read('operations', job.operation);
  if (operation?.endedAt === null) {
    ports.tell({
      event: 'job.ended',
      workspace: workspace.id,
      machine: machine.id,
      operation: job.operation,
      command: programOf(job.argv),
      code,
      ms: (status.endedAt ?? status.startedAt) - status.startedAt,
      tail: status.tail,
    });
  }
  const facts = { code, output: status.output };
  const say = `${programOf(job.argv)} ended with ${code}.`;
  await endOperation(
    job.operation,
    code === 0
      ? { ok: true, say, facts }
      : { ok: false, code: 'command_failed', say, facts: { ...facts, command: programOf(job.argv), why: status.tail } },
    ports,
  );
  const others = workspace.jobs.some((other) => other.operation !== job.operation);
  const rests = job.thenHibernate && !others && workspace.wish.want === 'awake';
  const noted = rests ? await note({ restAfter: { at: ports.clock.now(), why: say } }) : machine;
  await forgetJob(workspace.id, job.operation, ports);
  ports.bell.ring(workspaceBell(workspace.id));
  return noted;
}

export async function forgetJob(workspace: string, operation: string, ports: Ports): Promise<void> {
  await update(ports.store, 'workspaces', workspace, (row) => {
    const jobs = row.jobs.filter((job) => job.operation !== operation);
    return jobs.length === row.jobs.length ? null : { ...row, jobs };
  });
}

/** A command that fails, or never ends, is named once, and nothing waits for it. */
async function followAfterWake(
  machine: Machine,
  workspace: Workspace,
  said: readonly JobStatus[],
  ports: Ports,
  note: Note,
): Promise<Machine> {
  const { afterWake: command } = workspace.spec;
  const job = said.find(({ id }) => id === afterWakeJob(machine.epoch ?? 0));
  if (command === null || !job || machine.afterWake === 'done' || machine.afterWake === 'failed') return machine;
  const trouble = (why: string): void =>
    ports.tell({
      event: 'after_wake.trouble',
      workspace: workspace.id,
      machine: machine.id,
      command: programOf([command]),
      why,
      tail: job.tail,
    });
  const { afterWakeMs } = ports.settings.agent;
  if (job.state === 'ended') {
    const noted = await note({ afterWake: job.code === 0 ? 'done' : 'failed' });
    if (job.code !== 0) trouble(`ended with ${job.code}`);
    return noted;
  }
  const status = ports.heartbeats.latest(machine.id)?.status;
  if (machine.afterWake === null && status && status.at - job.startedAt > afterWakeMs) {
    const noted = await note({ afterWake: 'slow' });
    trouble(`has not ended after ${Math.round(afterWakeMs / 60_000)} min; it goes on`);
    return noted;
  }
  return machine;
}

const outputOf = (operation: string): string => `/workspace/.dumont/runs/${operation}/output.txt`;
