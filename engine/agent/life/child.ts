import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Self } from '../restore.ts';

/** A part of the work that takes memory: it is done by this same program in a process of its own, and goes with it. */
export interface Child {
  readonly pid: number | undefined;
  say(line: object): void;
  /** Its exit code, when all it said was heard. */
  readonly ended: Promise<number | null>;
}

/** The order travels on its standard input, which stays open: it ends by itself when we are killed. */
export function startChild(
  self: Self,
  verb: string,
  order: object,
  onLine: (line: string) => void,
  signal: AbortSignal,
): Child {
  const child = spawn(process.execPath, [self.program, verb, ...self.argv], { stdio: ['pipe', 'pipe', 'pipe'] });
  let kill: NodeJS.Timeout | undefined;
  const stop = (): void => {
    if (child.pid === undefined) return; // it never began, and Node would signal our own process group
    child.kill('SIGTERM');
    kill ??= setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  };
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  const say = (line: object): void => void child.stdin.write(`${JSON.stringify(line)}\n`);
  child.stdin.on('error', () => undefined); // it ended: how, its exit code says
  let words = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    words = `${words}${text}`.slice(-WORDS_KEPT);
  });
  createInterface({ input: child.stdout }).on('line', onLine);
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, by) => {
      signal.removeEventListener('abort', stop);
      clearTimeout(kill);
      const why = words.trim().split('\n').at(-1) || `${verb} ended with ${code ?? by}`;
      if (code === 0 || code === 1) resolve(code);
      else reject(new Error(why));
    });
  });
  ended.catch(() => undefined); // whoever waits for it hears it
  say(order);
  return { pid: child.pid, say, ended };
}

/** It has a restic to end. */
const STOP_MS = 20_000;
const WORDS_KEPT = 8 * 1024;
