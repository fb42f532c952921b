import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, ClientChannel } from 'ssh2';
import { Failure } from '../domain/failures.ts';

/** A logged-in connection. Commands and uploads run side by side on channels of their own. */
export interface Connection {
  readonly client: Client;
  /** Aborts with `Failure('ssh_lost')` when the connection is gone, whoever ended it. */
  readonly lost: AbortSignal;
  /** What is still being put in order on the machine after we gave up on it; the connection stays open for that. */
  tidy(work: Promise<unknown>): void;
  close(): Promise<void>;
}

export function connectionOver(client: Client): Connection {
  const lost = new AbortController();
  const tidying = new Set<Promise<unknown>>();
  let why = 'the machine closed it';
  client.on('error', (cause) => {
    why = cause.message;
  });
  client.on('close', () => lost.abort(new Failure('ssh_lost', { why })));
  const gone = new Promise<void>((resolve) => {
    lost.signal.addEventListener('abort', () => resolve(), { once: true });
  });
  return {
    client,
    lost: lost.signal,
    tidy(work) {
      const kept = work.catch(() => undefined).finally(() => tidying.delete(kept));
      tidying.add(kept);
    },
    async close() {
      await atMost(TIDY_MS, Promise.race([gone, Promise.all(tidying)]));
      if (lost.signal.aborted) return;
      why = 'we closed it';
      client.end();
      await atMost(GOODBYE_MS, gone);
      client.destroy(); // one that does not answer the goodbye is cut off
    },
  };
}

const TIDY_MS = 4_000;
const GOODBYE_MS = 500;

/**
 * Starts a command. `use` gets the channel at the very moment it opens: a short command's output, code and end can arrive
 * together with that, and whoever begins to listen later misses them.
 */
export async function openChannel<T>(
  { client }: Connection,
  line: string,
  use: (channel: ClientChannel) => T,
): Promise<T> {
  return await new Promise((resolve, reject) => {
    client.exec(line, (cause, channel) => (cause ? reject(cause) : resolve(use(channel))));
  });
}

/** What the work brings, or null when it takes longer. */
export async function atMost<T>(ms: number, work: Promise<T>): Promise<T | null> {
  const timer = new AbortController();
  try {
    return await Promise.race([work, sleep(ms, null, { signal: timer.signal })]);
  } finally {
    timer.abort();
  }
}
