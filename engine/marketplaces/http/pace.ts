import type { Clock } from '../../domain/ports.ts';

/** Lets calls pass one after another. A marketplace counts per route and key, so each has one of its own. */
export interface Pace {
  /**
   * Returns when the next call may leave. Whoever is aborted while it waits leaves the line, and those behind move up. Who is
   * `browsing` stands in no line: it leaves when nobody is in it and enough calls are left for others.
   */
  turn(signal: AbortSignal, browsing?: boolean): Promise<void>;
  /** It said "too often": nothing leaves for so long. */
  rest(ms: number): void;
}

/** So many calls within any interval, of which the last `kept` are not for those who browse. */
export function pace(intervalMs: number, clock: Clock, count = 1, kept = 0): Pace {
  const left: number[] = [];
  let rested = Number.NEGATIVE_INFINITY;
  let last: Promise<void> = Promise.resolve();
  const due = (): number => Math.max(rested, left.length < count ? rested : left[0]! + intervalMs);

  let inLine = 0;

  async function joinWhenQuiet(signal: AbortSignal): Promise<void> {
    for (;;) {
      const now = clock.now();
      const recent = left.filter((at) => now - at < intervalMs);
      const free = count - recent.length > kept && now >= rested;
      if (inLine === 0 && free) {
        inLine += 1; // in the same breath: the next who browses sees it
        return;
      }
      const next = free ? now + LINE_MS : Math.max(rested, (recent[0] ?? now) + intervalMs);
      await clock.sleep(Math.max(1, next - now), signal);
    }
  }

  return {
    async turn(signal, browsing = false) {
      signal.throwIfAborted();
      if (browsing) await joinWhenQuiet(signal);
      else inLine += 1;
      const ahead = last;
      const mine = Promise.withResolvers<void>();
      last = mine.promise;
      try {
        await unlessAborted(ahead, signal);
        while (due() > clock.now()) await clock.sleep(due() - clock.now(), signal);
        left.push(clock.now());
        if (left.length > count) left.shift();
      } finally {
        inLine -= 1;
        mine.resolve(ahead);
      }
    },
    rest(ms) {
      rested = Math.max(rested, clock.now() + ms);
    },
  };
}

/** How often one who browses looks whether the line is gone. */
const LINE_MS = 250;

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
