import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { Failure, reasonOf } from '../../domain/failures.ts';
import type { StorageKey } from './identity.ts';
import type { LockRule } from './locks.ts';

export interface StartOptions {
  readonly folder: string;
  readonly port: number;
  readonly keys: readonly StorageKey[];
  readonly buckets: readonly string[];
  /** What the child logs, one JSON line each. */
  readonly onLog: (line: string) => void;
  /** What a child needs of the environment of whoever starts it; storage itself reads nothing there. */
  readonly environment?: Readonly<Record<string, string>>;
}

export interface StartedStorage extends AsyncDisposable {
  readonly port: number;
  readonly endpoint: string;
  readonly pid: number;
  setLocks(bucket: string, rules: readonly LockRule[], signal: AbortSignal): Promise<void>;
  /** Resolves when the process has ended, however. */
  readonly ended: Promise<void>;
}

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));
const START_MS = 60_000;
const ORDER_MS = 10_000;
const STOP_MS = 4000;
/** Syncs to disk occupy a thread each; with the usual four, reads would wait behind them. */
const THREADS = '16';

const Reply = z.union([
  z.object({ listening: z.number() }),
  z.object({ locked: z.string() }),
  z.object({ refused: z.string() }),
]);

/** Starts the object server as a child, and returns when it listens. It ends with us, even when we are killed. */
export async function startStorage(options: StartOptions, signal: AbortSignal): Promise<StartedStorage> {
  signal.throwIfAborted();
  const child = spawn(process.execPath, [MAIN], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...options.environment, UV_THREADPOOL_SIZE: THREADS },
  });
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve()); // it never began
  });
  const errors: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    errors.push(line);
    if (errors.length > 20) errors.shift();
    options.onLog(line);
  });
  const replies = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  child.stdin.on('error', () => {}); // it has ended; whoever asks is told by the missing reply

  const ask = async (order: object, ms: number, asking: AbortSignal) => {
    child.stdin.write(`${JSON.stringify(order)}\n`);
    const line = await before(replies.next(), AbortSignal.any([asking, AbortSignal.timeout(ms)]));
    if (line.done) throw new Failure('storage_down', { why: `it ended: ${errors.at(-1) ?? 'without a word'}` });
    return Reply.parse(JSON.parse(line.value));
  };

  try {
    const { folder, port, keys, buckets } = options;
    const reply = await ask({ folder, port, keys, buckets }, START_MS, signal);
    if (!('listening' in reply)) throw new Failure('storage_down', { why: 'it did not say where it listens' });
    return {
      port: reply.listening,
      endpoint: `http://127.0.0.1:${reply.listening}`,
      pid: child.pid ?? 0,
      ended,
      async setLocks(bucket, rules, asking) {
        const answer = await ask({ setLocks: { bucket, rules } }, ORDER_MS, asking);
        if ('refused' in answer) throw new Failure('storage_refused', { why: answer.refused });
      },
      [Symbol.asyncDispose]: () => stop(child, ended),
    };
  } catch (thrown) {
    await stop(child, ended);
    signal.throwIfAborted();
    throw thrown instanceof Failure
      ? thrown
      : new Failure('storage_down', { why: reasonOf(thrown) }, { cause: thrown });
  }
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** The end of its input asks it to finish what is under way; after that it is not asked any more. */
async function stop(child: Child, ended: Promise<void>): Promise<void> {
  child.stdin.end();
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await ended;
  clearTimeout(timer);
}

function before<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stopped = () => reject(signal.reason);
    signal.addEventListener('abort', stopped, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stopped));
  });
}
