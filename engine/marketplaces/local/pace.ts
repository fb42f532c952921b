import { setTimeout as sleep } from 'node:timers/promises';

/** Lets calls pass one after another, with at least this long between two of them. */
export function pace(intervalMs: number): (signal: AbortSignal) => Promise<void> {
  let next = 0;
  return async (signal) => {
    signal.throwIfAborted();
    const now = performance.now();
    const at = Math.max(now, next);
    next = at + intervalMs;
    if (at > now) await waitFor(at - now, signal);
  };
}

/** Rejects with the signal's own reason when it is aborted first. */
export async function waitFor(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch((cause) => {
    signal.throwIfAborted();
    throw cause;
  });
}
