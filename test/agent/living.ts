import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunOrder } from '../../engine/domain/agent-protocol.ts';
import { type AgentAnswer, AgentStatus, type Ticket } from '../../engine/domain/heartbeat.ts';
import { resticProgram } from '../restic/which-restic.ts';
import { type Machine, restoreOrder, type World } from './machine.ts';

/** The engine's end of heartbeats: hears statuses at a loopback address and answers with what the test put there. */
export interface Ear extends AsyncDisposable {
  readonly url: string;
  readonly heard: AgentStatus[];
  /** How often somebody spoke, answered or not. */
  readonly calls: () => number;
  /** What the next answers say besides; null: it answers nothing but 503. */
  answer: Partial<AgentAnswer> | null;
  /** The first status from now on that is as wanted. */
  until(wanted: (status: AgentStatus) => boolean): Promise<AgentStatus>;
}

export async function openEar(): Promise<Ear> {
  const heard: AgentStatus[] = [];
  let calls = 0;
  const server = createServer((request, response) => {
    calls += 1;
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const known = request.headers.authorization === `Bearer ${TOKEN}` && request.method === 'POST';
      if (!known || ear.answer === null) return void response.writeHead(known ? 503 : 401).end();
      const status = AgentStatus.parse(JSON.parse(Buffer.concat(chunks).toString()));
      heard.push(status);
      response.end(JSON.stringify(answer({ settled: status.taken.map((taken) => taken.snapshot), ...ear.answer })));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const ear: Ear = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1/agent/status`,
    heard,
    calls: () => calls,
    answer: {},
    async until(wanted) {
      for (let at = heard.length; ; at++) {
        while (at >= heard.length) await sleep(10);
        if (wanted(heard[at]!)) return heard[at]!;
      }
    },
    [Symbol.asyncDispose]: async () => await close(server),
  };
  return ear;
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

const TOKEN = 'a-token';

export function answer(more: Partial<AgentAnswer> = {}): AgentAnswer {
  return {
    now: Date.now(),
    heartbeatMs: 100,
    plan: { everyMs: 200, include: [], exclude: [], fileBytesMax: 10e9 },
    repository: null,
    tickets: [],
    settled: [],
    watchdog: null,
    idle: null,
    jobs: [],
    notice: null,
    program: null,
    ...more,
  };
}

export function ticket(world: World, sequence: number): Ticket {
  const draft = `draft-${sequence}`;
  return { sequence, draft, manifestUrl: world.url(draft), until: Date.now() + 3_600_000 };
}

export function tickets(world: World, count: number, first = 10): Ticket[] {
  return Array.from({ length: count }, (_, at) => ticket(world, first + at));
}

export function runOrder(world: World, url: string | null, more: Partial<AgentAnswer> = {}): RunOrder {
  return {
    protocol: 2,
    workspace: 'lab',
    machine: 'm1',
    verb: 'run',
    epoch: 1,
    heartbeat: { url, token: TOKEN },
    answer: answer({ repository: world.repository, tickets: [ticket(world, 10), ticket(world, 11)], ...more }),
  };
}

export function livingOn(machine: Machine): { readonly pid: number; readonly socket: string } {
  return JSON.parse(readFileSync(join(machine.home, 'life', 'living.json'), 'utf8'));
}

/** The shells that start another agent when the one that lives there dies. */
export const keepersOf = ({ home }: Machine): readonly number[] => runningWith(join(home, 'life', 'lifeline'));

/** The processes that were started with this word. */
export function runningWith(word: string): readonly number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.filter((pid) => wordsOf(pid).includes(word)).map(Number);
}

function wordsOf(pid: string): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return []; // it has ended
  }
}

/** Kills the agent that lives on a machine so that it stays dead. What it started ends by itself. */
export function killLife(machine: Machine): void {
  for (const pid of keepersOf(machine)) killIfThere(pid);
  try {
    killIfThere(livingOn(machine).pid);
  } catch {
    // nobody lives there
  }
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it has ended
  }
}

/** The agent that lives on a machine outlives whoever started it, so a test must end it. */
export function endLife(machine: Machine): AsyncDisposable {
  return {
    async [Symbol.asyncDispose]() {
      killLife(machine);
    },
  };
}

/** A machine that was given to a workspace; who lives on it ends with the stack. */
export async function livingMachine(
  world: World,
  stack: AsyncDisposableStack,
  name: string,
  restic: string = resticProgram!,
): Promise<Machine> {
  const machine = world.machine(name, restic);
  await machine.run('restore', restoreOrder(world));
  stack.use(endLife(machine));
  return machine;
}

export function write(machine: Machine, files: Readonly<Record<string, string | Uint8Array>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(machine.root, path, '..'), { recursive: true });
    writeFileSync(join(machine.root, path), text);
  }
}
