import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { watchPatience } from './patience.ts';
import { type ResticLine, readLine } from './readings.ts';

/** The only file here that starts anything. */
export interface Start {
  readonly program: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Each line of standard output, as it comes. */
  readonly onLine?: ((line: string) => void) | undefined;
  /** Standard output as it is, instead of lines. */
  readonly onBytes?: ((bytes: Buffer) => void) | undefined;
  /** The same as a stream, which restic waits for. Whoever destroys it ends restic. */
  readonly onOutput?: ((output: Readable) => void) | undefined;
  readonly onStart?: ((child: ChildProcess) => void) | undefined;
  /** How long storage may stay silent: restic itself would try for 15 min. */
  readonly patienceMs: number;
  /** Also when it says nothing of it. Only for what reads or writes all the time. */
  readonly watchStill?: boolean;
}

export interface Ran {
  readonly code: number | null;
  /** What it said about errors, the last 16 KiB. */
  readonly words: string;
  /** It was stopped because storage stayed silent. */
  readonly outOfPatience: boolean;
}

/**
 * Runs restic to its end, reading both of its outputs all the while, since it blocks on a full pipe. When the signal is
 * aborted restic is told to end, takes its lock away, and only then this rejects.
 */
export async function runRestic(start: Start, signal: AbortSignal): Promise<Ran> {
  signal.throwIfAborted();
  const child = spawn(start.program, start.args, {
    cwd: start.cwd,
    env: { ...start.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close');
  ended.catch(() => undefined); // a program that is not there: `once` below rejects with it
  let kill: NodeJS.Timeout | undefined;
  const stop = (): void => {
    if (child.pid === undefined) return; // it never began, and Node would signal our own process group
    child.kill('SIGTERM');
    kill ??= setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  };
  signal.addEventListener('abort', stop, { once: true });
  using patience = watchPatience(start.patienceMs, start.watchStill ? (child.pid ?? null) : null, stop);
  let words = '';
  const hear = (line: string): void => {
    const said = readLine(line);
    patience.hear(line, said);
    const text = said === null ? line : wordsOf(said);
    if (text) words = `${words}${text}\n`.slice(-WORDS_KEPT);
  };
  if (start.onOutput) start.onOutput(child.stdout);
  else if (start.onBytes) child.stdout.on('data', start.onBytes);
  else
    readLines(child.stdout, (line) => {
      patience.hear(line, readLine(line));
      start.onLine?.(line);
    });
  readLines(child.stderr, hear);
  try {
    start.onStart?.(child);
    const [code] = (await ended) as [number | null];
    signal.throwIfAborted();
    return { code, words: words.trim(), outOfPatience: patience.ended() };
  } finally {
    signal.removeEventListener('abort', stop);
    clearTimeout(kill);
  }
}

function wordsOf(said: ResticLine): string {
  if (said.message_type === 'error') return said.message || `${said.item}: ${said.error.message}`;
  return said.message_type === 'exit_error' ? said.message : '';
}

function readLines(stream: NodeJS.ReadableStream, onLine: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') onLine(line);
  });
  stream.on('end', () => {
    if (rest !== '') onLine(rest);
  });
}

/** restic ends within a second; one that hangs in the kernel is killed. */
const STOP_MS = 10_000;
const WORDS_KEPT = 16 * 1024;
