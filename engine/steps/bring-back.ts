import type { AgentEvent, BringBackOrder } from '../domain/agent-protocol.ts';
import { Failure, isFailure, sentence } from '../domain/failures.ts';
import type { Machine } from '../domain/lifecycle.ts';
import type { Ports, Shell } from '../domain/ports.ts';
import type { Fetch, Workspace } from '../domain/workspace.ts';
import { agentCommand, failureOf, readAgentEvent } from '../remote/agent-command.ts';
import { orderBase, repositoryAccess, whereIs } from './access.ts';
import { mending } from './mending.ts';
import { endOperation, forgetAsk } from './operation.ts';
import { isUnreached, reach } from './reach.ts';
import { converse } from './save-talk.ts';
import { type Note, workspaceBell } from './step.ts';
import { update } from './update.ts';

/** Puts files of a snapshot back on a machine that people work on. What they would take the place of is saved first. */
export async function bringBack(
  machine: Machine,
  workspace: Workspace,
  asked: Fetch,
  ports: Ports,
  signal: AbortSignal,
  note: Note,
): Promise<void> {
  try {
    await using shell = await reach(machine, ports, signal);
    const fetch = await withCheckpoint(shell, machine, workspace, asked, ports, signal, note);
    const bring = async (): Promise<Done> => await follow(shell, machine, workspace, fetch, ports, signal);
    const done = await mending(workspace, ports, signal, bring);
    const facts = { ...done, checkpoint: fetch.checkpoint, snapshot: fetch.snapshot };
    await endOperation(asked.operation, { ok: true, say: wordsOf(fetch, done), facts }, ports);
  } catch (cause) {
    signal.throwIfAborted();
    if (!isFailure(cause) || isUnreached(cause)) throw cause;
    const say = sentence(cause.code, cause.facts);
    await endOperation(asked.operation, { ok: false, code: cause.code, say, facts: cause.facts }, ports);
  }
  await forgetAsk(workspace.id, asked.operation, ports);
  ports.bell.ring(workspaceBell(workspace.id));
}

/** Once, however often the rest is tried: a second one would hold files that were half brought back. */
async function withCheckpoint(
  shell: Shell,
  machine: Machine,
  workspace: Workspace,
  asked: Fetch,
  ports: Ports,
  signal: AbortSignal,
  note: Note,
): Promise<Fetch> {
  if (asked.into !== null || asked.checkpoint !== null) return asked;
  const description = `before ${asked.path === null ? 'everything' : `/${asked.path}`} of ${asked.snapshot.slice(0, 8)} came back`;
  const ask = { ...asked, description, tags: [], extra: {}, type: 'CHECKPOINT' } as const;
  const { snapshot } = await converse(shell, machine, workspace, { mode: 'live', ask }, ports, signal, note);
  await update(ports.store, 'workspaces', workspace.id, (row) => ({
    ...row,
    fetches: row.fetches.map((one) => (one.operation === asked.operation ? { ...one, checkpoint: snapshot } : one)),
  }));
  return { ...asked, checkpoint: snapshot };
}

type Done = Omit<Extract<AgentEvent, { event: 'brought_back' }>, 'event'> & {
  /** The first of those that lie beside what stood in their way. */
  readonly copies: readonly string[];
};

async function follow(
  shell: Shell,
  machine: Machine,
  workspace: Workspace,
  fetch: Fetch,
  ports: Ports,
  signal: AbortSignal,
): Promise<Done> {
  const named = async (id: string): Promise<BringBackOrder['snapshot']> => {
    const snapshot = await ports.store.read('snapshots', id);
    if (!snapshot) throw new Failure('no_such_snapshot', { snapshot: id.slice(0, 8), workspace: workspace.id });
    return await whereIs(snapshot, ports);
  };
  const order: BringBackOrder = {
    ...orderBase(machine),
    verb: 'bring-back',
    snapshot: await named(fetch.snapshot),
    path: fetch.path,
    into: fetch.into,
    safe: fetch.checkpoint === null ? null : await named(fetch.checkpoint),
    repository: await repositoryAccess(workspace, ports),
  };
  const copies: string[] = [];
  let done: Done | null = null;
  const output = await shell.run(agentCommand(order, ports.settings.save.timeoutMs), signal, (line) => {
    const event = readAgentEvent(line);
    if (event?.event === 'failed') throw failureOf(event, workspace.id);
    if (event?.event === 'kept_both' && copies.length < COPIES_NAMED) copies.push(event.beside);
    if (event?.event === 'progress') {
      const { event: _, ...progress } = event;
      ports.tell({ event: 'restore.progress', workspace: workspace.id, machine: machine.id, ...progress });
    }
    if (event?.event === 'brought_back') {
      const { event: _, ...counts } = event;
      done = { ...counts, copies };
    }
  });
  if (done) return done;
  throw new Failure('restore_failed', { why: output.stderr.trim() || `the agent ended with ${output.code}` });
}

const COPIES_NAMED = 100;

function wordsOf({ snapshot, path, into, checkpoint }: Fetch, { files, beside, rounds, copies }: Done): string {
  const what = `${path === null ? 'Everything' : `/${path}`} of ${snapshot.slice(0, 8)} is back${into === null ? '' : ` in /${into}`}: ${files} ${files === 1 ? 'file' : 'files'}.`;
  return [
    what,
    ...(beside > 0
      ? [`${beside} of them lie beside what was changed meanwhile: ${copies.slice(0, 3).join(', ')}.`]
      : []),
    ...(rounds > 1 ? ['For want of room they came part by part, each compared before it took its place.'] : []),
    ...(checkpoint === null ? [] : [`What was there before is in ${checkpoint.slice(0, 8)}.`]),
  ].join(' ');
}
