import type { AgentEvent, WeighOrder } from '../domain/agent-protocol.ts';
import { Failure } from '../domain/failures.ts';
import type { Machine } from '../domain/lifecycle.ts';
import type { Ports } from '../domain/ports.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import type { Workspace } from '../domain/workspace.ts';
import { agentCommand, failureOf, readAgentEvent } from '../remote/agent-command.ts';
import { orderBase, whereIs } from './access.ts';
import { reach } from './reach.ts';

export type Weighed = Omit<Extract<AgentEvent, { event: 'weighed' }>, 'event'>;

/** Asks the machine itself what bringing files back would do there. It looks and changes nothing. */
export async function weigh(
  machine: Machine,
  workspace: Workspace,
  wanted: { readonly snapshot: Snapshot; readonly path: string | null; readonly into: string | null },
  ports: Ports,
  signal: AbortSignal,
): Promise<Weighed> {
  const { path, into } = wanted;
  const snapshot = await whereIs(wanted.snapshot, ports);
  const order: WeighOrder = { ...orderBase(machine), verb: 'weigh', snapshot, path, into };
  await using shell = await reach(machine, ports, signal);
  const said: Weighed[] = [];
  const output = await shell.run(agentCommand(order, LOOK_MS), signal, (line) => {
    const event = readAgentEvent(line);
    if (event?.event === 'failed') throw failureOf(event, workspace.id);
    if (event?.event !== 'weighed') return;
    const { event: _, ...weighed } = event;
    said.push(weighed);
  });
  if (said[0]) return said[0];
  throw new Failure('agent_unreadable', { why: output.stderr.trim() || `the agent ended with ${output.code}` });
}

const LOOK_MS = 2 * 60_000;
