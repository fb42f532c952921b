import type { Clock } from '../../domain/ports.ts';

/** Lets calls pass one after another. A marketplace counts per route and key, so each has one of its own. */
export interface Pace {
  /** Returns when the next call may leave. Whoever is aborted while it waits leaves the line, and those behind move up. */
  turn(signal: AbortSignal): Promise<void>;
  /** It said "too often": nothing leaves for so long. */
  rest(ms: number): void;
}

/** So many calls within any interval. */
export function pace(intervalMs: number, clock: Clock, count = 1): Pace {
  const left: number[] = [];
  let rested = Number.NEGATIVE_INFINITY;
  let last: Promise<void> = Promise.resolve();
  const due = (): number => Math.max(rested, left.length < count ? rested : left[0]! + intervalMs);

  return {
    async turn(signal) {
      signal.throwIfAborted();
      const ahead = last;
      const mine = Promise.withResolvers<void>();
      last = mine.promise;
      try {
        await unlessAborted(ahead, signal);
        while (due() > clock.now()) await clock.sleep(due() - clock.now(), signal);
        left.push(clock.now());
        if (left.length > count) left.shift();
      } finally {
        mine.resolve(ahead);
      }
    },
    rest(ms) {
      rested = Math.max(rested, clock.now() + ms);
    },
  };
}

async function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
