import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { codeOf } from '../durable.ts';
import { type GpuLine, gpuLine } from './gpu-readings.ts';
import { SAMPLE_MS } from './sample-ms.ts';
import type { Timing } from './timing.ts';

export interface GpuWatch extends Disposable {
  pids(): readonly number[];
}

export interface GpuTold {
  line(line: GpuLine): void;
  /** There is no GPU, or nothing that could tell. */
  absent(why: string): void;
  failed(why: string): void;
}

/**
 * Keeps one `nvidia-smi` running that says how the GPUs are every few seconds: starting it takes a tenth of a second of
 * processor time, going on takes next to none. It is started again after it ends, later each time. Where nothing comes
 * through, as when it keeps its words back until there are many, it is started for each look.
 */
export function watchGpu(program: string, told: GpuTold, timing: Timing): GpuWatch {
  let child: ChildProcess | null = null;
  let looping = true;
  let failures = 0;
  let startAt = timing.steady();
  let heardAt = 0;

  const start = (): void => {
    const args = [...QUERY, ...(looping ? [`--loop=${SAMPLE_MS / 1000}`] : [])];
    const started = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    child = started;
    heardAt = timing.steady();
    let words = '';
    let lines = 0;
    const hear = (text: string): void => {
      const line = gpuLine(text);
      if (line === null) {
        words = text.trim() === '' ? words : text.trim().slice(0, WORDS_MAX);
        return;
      }
      heardAt = timing.steady();
      lines += 1;
      failures = 0;
      told.line(line);
    };
    for (const stream of [started.stdout!, started.stderr!]) createInterface({ input: stream }).on('line', hear);
    let spawnFailed: string | null = null;
    started.on('error', (cause) => {
      spawnFailed = codeOf(cause) || cause.message;
    });
    started.on('close', (code, signal) => {
      if (child !== started) return; // it was given up
      child = null;
      const wellDone = !looping && code === 0 && lines > 0;
      if (!wellDone) {
        failures += 1;
        if (spawnFailed === 'ENOENT') told.absent(`there is no ${program}`);
        else if (/No devices were found/i.test(words)) told.absent('No devices were found');
        else told.failed(`nvidia-smi ended with ${code ?? signal ?? spawnFailed}${words && `: ${words}`}`);
      }
      startAt = timing.steady() + (wellDone ? 2 * SAMPLE_MS : waitMs(failures));
    });
  };

  const look = (): void => {
    if (child === null) {
      if (timing.steady() >= startAt) start();
      return;
    }
    if (timing.steady() - heardAt < MUTE_MS) return;
    told.failed('nvidia-smi says nothing');
    end(child);
    child = null; // one that hangs in the driver does not end by that; it is not waited for
    failures += 1;
    looping = !looping;
    startAt = timing.steady() + waitMs(failures);
  };

  const beat = timing.every(SAMPLE_MS, look);
  start();
  return {
    pids: () => (child?.pid === undefined ? [] : [child.pid]),
    [Symbol.dispose]() {
      beat[Symbol.dispose]();
      const last = child;
      child = null;
      if (last) end(last);
    },
  };
}

/** One that could not be started has no number yet when it is ended at once, and Node would send the signal anywhere. */
function end(child: ChildProcess): void {
  if (child.pid !== undefined) child.kill('SIGKILL');
}

const QUERY = ['--query-gpu=index,utilization.gpu,memory.used', '--format=csv,noheader,nounits'];

const waitMs = (failures: number): number => Math.min(FIRST_WAIT_MS * 2 ** (failures - 1), WAIT_MS_MAX);
const FIRST_WAIT_MS = 5_000;
const WAIT_MS_MAX = 300_000;
/** The first word can take a while: the driver may have to wake up. */
const MUTE_MS = 30_000;
const WORDS_MAX = 200;
