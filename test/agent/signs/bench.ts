import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import { type Place, placeAt } from '../../../engine/agent/place.ts';
import { openSigns, type Signs, type SignsOptions } from '../../../engine/agent/signs/open-signs.ts';
import type { Timing } from '../../../engine/agent/signs/timing.ts';

/** A machine that is a folder and the descendants of one process. */
export interface Bench {
  readonly place: Place;
  /** The process that all of the machine descends from. Below it a shell does one line after the other. */
  readonly shell: ChildProcess;
  /** Has the shell do this, and waits until it says that it is done. */
  run(line: string): Promise<string>;
  open(options?: SignsOptions & { readonly ours?: () => readonly number[] }): Signs & { look(): void };
}

export function bench(): Bench {
  const folder = mkdtempSync(join(tmpdir(), 'dumont-signs-'));
  const shell = spawn('/bin/bash', ['-c', '/bin/bash --norc; exit'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
    cwd: folder,
  });
  const lines: string[] = [];
  let heard = Promise.withResolvers<void>();
  createInterface({ input: shell.stdout! }).on('line', (line) => {
    lines.push(line);
    heard.resolve();
    heard = Promise.withResolvers();
  });
  const home = join(folder, 'opt/dumont');
  mkdirSync(home, { recursive: true });
  onTestFinished(async () => {
    const ended = new Promise((resolve) => shell.once('exit', resolve));
    process.kill(-shell.pid!, 'SIGKILL');
    await ended;
    await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  });
  const place = placeAt(folder, home, join(home, 'restic'), shell.pid!);
  return {
    place,
    shell,
    async run(line) {
      shell.stdin!.write(`${line}\necho ---done\n`);
      for (;;) {
        const end = lines.indexOf('---done');
        if (end >= 0)
          return lines
            .splice(0, end + 1)
            .slice(0, -1)
            .join('\n');
        await heard.promise;
      }
    },
    open({ ours = () => [], ...options } = {}) {
      const timing = handTiming();
      const signs = openSigns(place, ours, { timing, nvidiaSmi: '/nowhere/nvidia-smi', ...options });
      onTestFinished(() => signs[Symbol.dispose]());
      return Object.assign(signs, { look: timing.beat });
    },
  };
}

/** Real clocks, but nothing happens by itself. `pass` makes the steady clock believe that time went by. */
export function handTiming(): Timing & { beat(): void; pass(ms: number): void } {
  const works = new Set<() => void>();
  let passed = 0;
  return {
    now: () => Date.now(),
    steady: () => performance.now() + passed,
    every(_ms, work) {
      works.add(work);
      return { [Symbol.dispose]: () => void works.delete(work) };
    },
    beat: () => works.forEach((work) => void work()),
    pass(ms) {
      passed += ms;
    },
  };
}

/** Burns this much processor time, whoever else wants the processor. */
export const burn = (ms: number): string => `python3 -c 'import time\nwhile time.process_time() < ${ms / 1000}: pass'`;
