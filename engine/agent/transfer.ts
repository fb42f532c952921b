import { setTimeout as sleep } from 'node:timers/promises';
import { Failure, reasonOf } from '../domain/failures.ts';
import { openConnection } from './image/connection.ts';

/**
 * Fetches one object by a presigned URL, which is a secret and is never part of a message. Not with `fetch`: to load it costs
 * as much as the whole list of files, and somebody waits.
 */
export async function fetchObject(url: string, what: string, signal: AbortSignal): Promise<Buffer> {
  return await tried(what, TRIES, ATTEMPT_MS, signal, async (attempt) => {
    const at = new URL(url);
    const connection = openConnection(at);
    try {
      const head = [`GET ${at.pathname}${at.search} HTTP/1.1`, `host: ${at.host}`, 'connection: close'];
      const reply = await connection.ask(`${head.join('\r\n')}\r\n\r\n`, null, Buffer.allocUnsafeSlow, attempt);
      if (reply.status !== 200) throw refusal(reply.status, what);
      return reply.body;
    } finally {
      connection.close();
    }
  });
}

/** `hurried`: somebody waits, and storage that does not answer is given up soon; a slow line is not. */
export async function sendObject(
  url: string,
  bytes: Buffer,
  what: string,
  signal: AbortSignal,
  hurried = false,
): Promise<void> {
  const attemptMs = hurried ? HURRIED_MS + Math.ceil(bytes.length / SLOW_BYTES_PER_MS) : ATTEMPT_MS;
  await tried(what, hurried ? HURRIED_TRIES : TRIES, attemptMs, signal, async (attempt) => {
    const reply = await fetch(url, { method: 'PUT', body: new Uint8Array(bytes), signal: attempt });
    await reply.body?.cancel();
    if (!reply.ok) throw refusal(reply.status, what);
  });
}

/** Several times, but for what storage refuses. */
export async function tried<T>(
  what: string,
  triesMax: number,
  attemptMs: number,
  signal: AbortSignal,
  act: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await act(AbortSignal.any([signal, AbortSignal.timeout(attemptMs)]));
    } catch (cause) {
      signal.throwIfAborted();
      if (cause instanceof Failure && cause.code === 'storage_refused') throw cause;
      if (tries === triesMax) {
        if (cause instanceof Failure) throw cause;
        throw new Failure('storage_down', { why: `${what}: ${innermost(cause)}` }, { cause });
      }
      await sleep(PAUSE_MS * tries, undefined, { signal });
    }
  }
}

export function refusal(status: number, what: string): Failure {
  const down = status >= 500 || status === 429;
  return new Failure(down ? 'storage_down' : 'storage_refused', { why: `${what}: HTTP ${status}` });
}

/** "fetch failed" says nothing; what it was caused by does. */
function innermost(thrown: unknown): string {
  return thrown instanceof Error && thrown.cause ? innermost(thrown.cause) : reasonOf(thrown);
}

const TRIES = 4;
const PAUSE_MS = 500;
const ATTEMPT_MS = 120_000;
const HURRIED_TRIES = 2;
const HURRIED_MS = 10_000;
const SLOW_BYTES_PER_MS = 50;
