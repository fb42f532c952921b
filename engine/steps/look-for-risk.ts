import type { AtRiskOrder } from '../domain/agent-protocol.ts';
import type { RiskView } from '../domain/doors.ts';
import { Failure } from '../domain/failures.ts';
import type { Machine } from '../domain/lifecycle.ts';
import type { Ports } from '../domain/ports.ts';
import type { Workspace } from '../domain/workspace.ts';
import { agentCommand, failureOf, readAgentEvent } from '../remote/agent-command.ts';
import { orderBase } from './access.ts';
import { reach } from './reach.ts';

/** Asks the machine itself what would be lost with it. It looks and changes nothing, so that anybody may ask at any moment. */
export async function lookForRisk(
  machine: Machine,
  workspace: Workspace,
  ports: Ports,
  signal: AbortSignal,
): Promise<RiskView> {
  const { include, exclude, fileBytesMax } = workspace.spec;
  const order: AtRiskOrder = {
    ...orderBase(machine),
    verb: 'at-risk',
    include: [...include],
    exclude: [...exclude],
    fileBytesMax,
  };
  await using shell = await reach(machine, ports, signal);
  const found: RiskView[] = [];
  const output = await shell.run(agentCommand(order, LOOK_MS), signal, (line) => {
    const event = readAgentEvent(line);
    if (event?.event === 'failed') throw failureOf(event, workspace.id);
    if (event?.event !== 'at_risk') return;
    const { event: _, ...risk } = event;
    found.push({ ...risk, machine: machine.id });
  });
  const [risk] = found;
  if (risk) return risk;
  throw new Failure('agent_unreadable', { why: output.stderr.trim() || `the agent ended with ${output.code}` });
}

const LOOK_MS = 2 * 60_000;
