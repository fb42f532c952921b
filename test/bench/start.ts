import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { quantile } from '../../engine/policy/times.ts';
import { type Bench, target } from './bench.ts';

const RUNS = 7;
const MAIN = join(import.meta.dirname, '..', '..', 'engine', 'main.ts');
/** As `npm start` has it. */
const CACHE = join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'dumont');
const CLI = join(import.meta.dirname, '..', '..', 'engine', 'cli', 'dumont.js');

/** From the start of the process to an engine that serves, and what the command line takes to ask it something. */
export const start: Bench = {
  async run(say) {
    const home = await mkdtemp(join(tmpdir(), 'dumont-bench-'));
    try {
      say('a first start, which packs the tools');
      const first = await startOnce(home, 'kit.ready');
      const ready: number[] = [];
      const status: number[] = [];
      for (let run = 1; run <= RUNS; run += 1) {
        say(`start ${run} of ${RUNS}`);
        const { ms, statusMs } = await startOnce(home, null);
        ready.push(ms);
        status.push(statusMs);
      }
      const p50 = quantile(ready, 0.5);
      return [
        {
          title: 'Start to ready',
          columns: ['what', 'P50 ms', 'min ms', 'max ms'],
          rows: [
            ['npm start, first time in a folder', first.ms, first.ms, first.ms],
            ['npm start, later', p50, Math.min(...ready), Math.max(...ready)],
            ['dumont status, through its bin', quantile(status, 0.5), Math.min(...status), Math.max(...status)],
          ],
          note: [
            target('start to ready', p50 / 1_000, 1.5, 's'),
            target('dumont status', quantile(status, 0.5), 250, 'ms'),
          ].join('\n'),
        },
      ];
    } finally {
      await rm(home, { recursive: true, force: true });
    }
  },
};

async function startOnce(home: string, until: string | null): Promise<{ ms: number; statusMs: number }> {
  // biome-ignore lint/style/noProcessEnv: the engine is started with the environment of whoever measures it.
  const env = { ...process.env, NODE_COMPILE_CACHE: CACHE, DUMONT_HOME: home, DUMONT_PORT: '0', DUMONT_LOG: 'INFO' };
  const began = performance.now();
  const child = spawn(process.execPath, [MAIN], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    for await (const line of createInterface({ input: child.stdout })) if (line.startsWith('Dumont runs at')) break;
    const ms = performance.now() - began;
    await new Promise((resolve) => setTimeout(resolve, 2_000)); // what it does in its first moments is not the command line's time
    const asked = performance.now();
    await once(spawn(process.execPath, [CLI, 'status'], { env, stdio: 'ignore' }), 'exit');
    const statusMs = performance.now() - asked;
    if (until !== null) await new Promise((resolve) => setTimeout(resolve, 15_000));
    return { ms, statusMs };
  } finally {
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
}
