import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { AGENT, type RunOrder } from '../domain/agent-protocol.ts';
import { Failure, isFailure, reasonOf } from '../domain/failures.ts';
import { HEARTBEAT_PATH } from '../domain/heartbeat.ts';
import type { Machine } from '../domain/lifecycle.ts';
import type { Ports, Shell } from '../domain/ports.ts';
import type { Workspace } from '../domain/workspace.ts';
import { agentCommand, failureOf, readAgentEvent } from '../remote/agent-command.ts';
import { orderBase } from './access.ts';
import { answerTo } from './answer.ts';
import { reach } from './reach.ts';

/** The engine's line to the agent that lives on a machine: while it stands, the machine is there and can be heard. */
export interface Link extends AsyncDisposable {
  readonly shell: Shell;
  readonly openedAt: number;
  /** How it is heard. */
  readonly by: 'address' | 'tunnel' | 'streams';
  readonly lost: AbortSignal;
  /** Hands the agent a fresh answer at once. Over the streams it gets that with its next heartbeat. */
  renew(machine: Machine, workspace: Workspace, ports: Ports, signal: AbortSignal): Promise<void>;
}

/**
 * Starts the agent, or finds it alive, and gives it its order. It is heard at our public address where there is one, else
 * through a tunnel in this connection, and where forwarding is refused over the connection's own streams.
 */
export async function openLink(
  machine: Machine,
  workspace: Workspace,
  ports: Ports,
  signal: AbortSignal,
  without: ReadonlySet<Link['by']> = new Set(),
): Promise<Link> {
  const shell = await reach(machine, ports, signal);
  try {
    const route = await routeOf(shell, ports, signal, without);
    const order = await orderOf(machine, workspace, route.url, ports);
    return await live(shell, route.by, order, machine, ports, signal).catch(async (cause: unknown) => {
      // An agent that is too old to live is replaced in place before it is asked again.
      if (!isFailure(cause, 'bad_request')) throw cause;
      await replaceAgent(shell, ports, signal);
      return await live(shell, route.by, order, machine, ports, signal);
    });
  } catch (cause) {
    await shell[Symbol.asyncDispose]();
    throw cause;
  }
}

async function routeOf(
  shell: Shell,
  ports: Ports,
  signal: AbortSignal,
  without: ReadonlySet<Link['by']>,
): Promise<{ by: Link['by']; url: string | null }> {
  const { heartbeats } = ports;
  if (heartbeats.url !== null && !without.has('address')) return { by: 'address', url: heartbeats.url };
  if (!without.has('tunnel')) {
    try {
      const port = await shell.forward(heartbeats.serve, signal);
      return { by: 'tunnel', url: `http://127.0.0.1:${port}${HEARTBEAT_PATH}` };
    } catch (cause) {
      if (!isFailure(cause, 'forwarding_refused')) throw cause;
    }
  }
  return { by: 'streams', url: null };
}

async function orderOf(machine: Machine, workspace: Workspace, url: string | null, ports: Ports): Promise<RunOrder> {
  const epoch = machine.epoch ?? 0;
  const unheard = { tickets: 0, credentialsUntil: null, taken: [], program: null };
  return {
    ...orderBase(machine),
    verb: 'run',
    epoch,
    heartbeat: { url, token: ports.heartbeats.tokenFor(machine.id, epoch) },
    answer: await answerTo(unheard, machine, workspace, ports),
  };
}

/** Returns when the agent says that it lives. Over the streams it goes on talking for as long as the link stands. */
async function live(
  shell: Shell,
  by: Link['by'],
  order: RunOrder,
  machine: Machine,
  ports: Ports,
  signal: AbortSignal,
): Promise<Link> {
  const { token } = order.heartbeat;
  const closed = new AbortController();
  const lost = new AbortController();
  const living = Promise.withResolvers<void>();
  const command = agentCommand(order, by === 'streams' ? FOR_EVER_MS : LIVING_MS);
  const talking = shell.run(command, closed.signal, (line, say) => {
    const event = readAgentEvent(line);
    if (event?.event === 'failed') throw failureOf(event, machine.workspace);
    if (event?.event === 'living') living.resolve();
    if (event?.event === 'status')
      ports.heartbeats.hear(token, event.status).then(
        (answer) => say(JSON.stringify({ say: 'answer', answer })),
        (cause: unknown) =>
          ports.log(
            'heartbeat.unanswered',
            { workspace: machine.workspace, machine: machine.id, why: reasonOf(cause) },
            'WARNING',
          ),
      );
  });
  const ended = talking.then(
    ({ code, stderr }) => {
      living.reject(new Failure('agent_unreadable', { why: stderr.trim() || `it ended with ${code}` }));
      if (by === 'streams') lost.abort(new Failure('ssh_lost', { why: 'the agent stopped talking' }));
    },
    (cause: unknown) => {
      living.reject(cause);
      lost.abort(cause);
    },
  );
  living.promise.catch(() => undefined);
  const leave = (): void => closed.abort(signal.reason);
  signal.addEventListener('abort', leave, { once: true });
  try {
    await living.promise;
  } finally {
    signal.removeEventListener('abort', leave);
  }
  return {
    shell,
    by,
    openedAt: ports.clock.now(),
    lost: AbortSignal.any([lost.signal, shell.lost]),
    async renew(current, workspace, renewing, renewSignal) {
      if (by === 'streams') return;
      const again = await orderOf(current, workspace, order.heartbeat.url, renewing);
      await shell.run(agentCommand(again, LIVING_MS), renewSignal);
    },
    async [Symbol.asyncDispose]() {
      closed.abort(new Failure('ssh_lost', { why: 'we closed it' }));
      await ended;
      await shell[Symbol.asyncDispose]();
    },
  };
}

async function replaceAgent(shell: Shell, ports: Ports, signal: AbortSignal): Promise<void> {
  const { tools } = await ports.kit();
  const agent = tools.find(({ name }) => name === 'agent');
  if (!agent) throw new Failure('agent_unreadable', { why: 'it is too old, and there is no newer one to bring' });
  const fresh = `${AGENT.program}.new`;
  const bytes = gunzipSync(await readFile(agent.file));
  await shell.upload([{ path: fresh, mode: 0o600, from: { bytes } }], signal);
  const moved = await shell.run({ argv: ['mv', '-f', fresh, AGENT.program], timeoutMs: LIVING_MS }, signal);
  if (moved.code !== 0) throw new Failure('command_failed', { command: 'mv', code: moved.code, why: moved.stderr });
}

const LIVING_MS = 20_000;
/** setTimeout's longest, 24 days: it ends with the link. */
const FOR_EVER_MS = 2 ** 31 - 1;
