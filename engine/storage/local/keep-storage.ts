import { setTimeout as sleep } from 'node:timers/promises';
import { reasonOf } from '../../domain/failures.ts';
import type { LockRule } from './locks.ts';
import { type StartedStorage, type StartOptions, startStorage } from './start-storage.ts';

const AGAIN_MS = 1_000;

export interface KeepOptions extends StartOptions {
  /** It ended by itself, was started again, or cannot be. */
  readonly onTrouble: (why: string) => void;
  /** Rules that hold as long as it is up, by bucket. */
  readonly locks: Readonly<Record<string, readonly LockRule[]>>;
}

export interface KeptStorage extends AsyncDisposable {
  readonly endpoint: string;
  /** The process that serves right now. */
  pid(): number;
}

/**
 * Keeps the object server up: when its process ends by itself, another one begins on the same port, which is the one that
 * machines know. What it had acknowledged is on disk.
 */
export async function keepStorage(options: KeepOptions, signal: AbortSignal): Promise<KeptStorage> {
  let server = await startLocked(options, signal);
  const { port, endpoint } = server;
  const stopping = new AbortController();

  const watching = (async () => {
    for (;;) {
      await server.ended;
      if (stopping.signal.aborted) return;
      options.onTrouble('it ended by itself');
      const next = await startAgain({ ...options, port }, stopping.signal);
      if (!next) return;
      server = next;
      options.onTrouble('it was started again');
    }
  })();

  return {
    endpoint,
    pid: () => server.pid,
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await server[Symbol.asyncDispose]();
      await watching;
    },
  };
}

/** It keeps its rules from start to start, but the settings may say others by now. */
async function startLocked(options: KeepOptions, signal: AbortSignal): Promise<StartedStorage> {
  const server = await startStorage(options, signal);
  for (const [bucket, rules] of Object.entries(options.locks)) await server.setLocks(bucket, rules, signal);
  return server;
}

/** Tries until it is up; null when nobody wants it any more. */
async function startAgain(options: KeepOptions, signal: AbortSignal): Promise<StartedStorage | null> {
  while (!signal.aborted) {
    try {
      return await startLocked(options, signal);
    } catch (cause) {
      if (signal.aborted) break;
      options.onTrouble(`it does not start: ${reasonOf(cause)}`);
      await sleep(AGAIN_MS, undefined, { signal }).catch(() => undefined);
    }
  }
  return null;
}
