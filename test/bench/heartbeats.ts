import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentStatus } from '../../engine/domain/heartbeat.ts';
import { quantile } from '../../engine/policy/times.ts';
import { status } from '../policy/idle-machine.ts';
import { type Bench, target } from './bench.ts';

const ENGINE = join(import.meta.dirname, 'heartbeats-engine.ts');
const BEAT_MS = 10_000;
/** The first round brings every machine its tickets and credentials; what is measured comes after it. */
const SECONDS = 20;
const LIST = '/api/v1/instances?limit=100';

/** Ten thousand machines that report every ten seconds, and somebody who looks at the list meanwhile. */
export const heartbeats: Bench = {
  async run(say) {
    const rows: (string | number)[][] = [];
    let last = { core: 0, megabytes: 0, p99: 0, rowMegabytes: 0 };
    for (const count of [1_000, 10_000]) {
      say(`${count} machines`);
      last = await measure(count);
      rows.push([`${count} machines`, count / (BEAT_MS / 1_000), ...Object.values(last)]);
    }
    return [
      {
        title: 'Heartbeats of machines every 10 s, by the engine alone',
        columns: ['reporting', 'heartbeats/s', '% of a core', 'MB', 'GET /instances P99 ms', 'MB per 1,000 workspaces'],
        rows,
        note: [
          target('10,000 machines', last.core, 50, '% of a core'),
          target('memory', last.megabytes, 400, 'MB'),
          target('P99 of a page of 100', last.p99, 50, 'ms'),
        ].join('\n'),
      },
    ];
  },
};

async function measure(count: number): Promise<{ core: number; megabytes: number; p99: number; rowMegabytes: number }> {
  const child = spawn(process.execPath, [ENGINE, String(count)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const hear = async (): Promise<Record<string, unknown>> => JSON.parse((await lines.next()).value ?? '{}');
  try {
    const { url, token, words, rowBytes } = (await hear()) as {
      url: string;
      token: string;
      words: string[];
      rowBytes: number;
    };
    const agent = new Agent({ keepAlive: true, maxSockets: 64 });
    const left = new Set<string>();
    let tickets = 0;
    const beat = async (id: number): Promise<void> => {
      const said: AgentStatus = {
        ...status(Date.now()),
        machine: `m${id}`,
        workspace: `w${id}`,
        tickets,
        credentialsUntil: tickets === 0 ? null : Date.now() + 11 * 3_600_000,
      };
      const code = await ask(agent, 'POST', `${url}/api/v1/agent/status`, words[id] ?? '', JSON.stringify(said));
      if (code !== 200) left.add(`m${id} was answered ${code}`);
    };
    const beats = async (seconds: number): Promise<void> => {
      const began = performance.now();
      const perTick = count / (BEAT_MS / 50);
      const under: Promise<void>[] = [];
      for (let tick = 0; tick < seconds * 20; tick += 1) {
        for (let i = Math.floor(tick * perTick); i < Math.floor((tick + 1) * perTick); i += 1)
          under.push(beat(i % count));
        await sleep(Math.max(0, began + (tick + 1) * 50 - performance.now()));
      }
      await Promise.all(under); // the first round is more work than ten seconds hold
    };
    await beats(BEAT_MS / 1_000);
    tickets = 5;
    child.stdin.write('now\n');
    await hear();
    const took: number[] = [];
    const looking = (async () => {
      for (const end = performance.now() + SECONDS * 1_000; performance.now() < end; ) {
        const began = performance.now();
        await ask(agent, 'GET', url + LIST, token);
        took.push(performance.now() - began);
        await sleep(100);
      }
    })();
    await Promise.all([beats(SECONDS), looking]);
    child.stdin.write('now\n');
    const { cpuMs, rss } = (await hear()) as { cpuMs: number; rss: number };
    if (left.size > 0) throw new Error(`${left.size} heartbeats were not taken: ${[...left][0]}`);
    return {
      core: cpuMs / SECONDS / 10,
      megabytes: rss / 1e6,
      p99: quantile(took, 0.99),
      rowMegabytes: rowBytes / 1e6 / (count / 1_000),
    };
  } finally {
    const ended = once(child, 'exit');
    child.stdin.end();
    const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(late);
  }
}

function ask(agent: Agent, method: string, url: string, word: string, body = ''): Promise<number> {
  return new Promise((resolve) => {
    const headers = {
      Authorization: `Bearer ${word}`,
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(body),
    };
    const sent = request(url, { agent, method, headers }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode ?? 0));
    });
    sent.once('error', () => resolve(0));
    sent.end(body);
  });
}
