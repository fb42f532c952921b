import { AGENT, AgentEvent, type AgentOrder, type SaveReply } from '../domain/agent-protocol.ts';
import { Failure, type FailureCode } from '../domain/failures.ts';
import type { Command } from '../domain/ports.ts';

/** Starts the agent with an order. The order holds secrets, so it travels on standard input. */
export function agentCommand(order: AgentOrder, timeoutMs: number): Command {
  return {
    argv: [AGENT.node, AGENT.program, order.verb],
    stdin: `${JSON.stringify(order)}\n`,
    // An agent that can be heard in no other way speaks, and is answered, for as long as this runs.
    converse: order.verb === 'save' || (order.verb === 'run' && order.heartbeat.url === null),
    timeoutMs,
  };
}

/** One line of what the agent says. Words of a newer agent that we do not know are skipped. */
export function readAgentEvent(line: string): AgentEvent | null {
  let said: unknown;
  try {
    said = JSON.parse(line);
  } catch (cause) {
    throw new Failure('agent_unreadable', { why: line.slice(0, 200) }, { cause });
  }
  const event = AgentEvent.safeParse(said);
  if (event.success) return event.data;
  const name = typeof said === 'object' && said !== null && 'event' in said ? String(said.event) : '';
  if (KNOWN.has(name))
    throw new Failure(
      'agent_unreadable',
      { why: `${name}: ${event.error.issues[0]?.message}` },
      { cause: event.error },
    );
  return null;
}

const KNOWN: ReadonlySet<string> = new Set(AgentEvent.options.map((option) => option.shape.event.value));

export function sayToAgent(reply: SaveReply): string {
  return JSON.stringify(reply);
}

/** What the agent calls a failure is one of ours. */
export function failureOf(event: Extract<AgentEvent, { event: 'failed' }>, workspace: string): Failure {
  // It says "PATH: WHY" of a path.
  const [path = '', ...why] = event.code === 'bad_path' ? event.why.split(': ') : ['', event.why];
  return new Failure(event.code satisfies FailureCode, { why: why.join(': ') || path, workspace, path, url: '' });
}
