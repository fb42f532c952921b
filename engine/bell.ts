import type { Bell, Clock, Ear } from './domain/ports.ts';

/** Rings inside one process. Whoever misses a ring looks again by the clock, so several engines need nothing more than this. */
export function createBell(clock: Clock): Bell {
  const ears = new Map<string, Set<() => void>>();
  return {
    ring(name) {
      for (const hear of ears.get(name) ?? []) hear();
    },
    listen(name) {
      let rung = false;
      let wake: (() => void) | null = null;
      const hear = (): void => {
        rung = true;
        wake?.();
      };
      const listening = ears.get(name) ?? new Set();
      ears.set(name, listening.add(hear));
      return {
        async wait(ms, signal) {
          signal.throwIfAborted();
          if (!rung) {
            const enough = new AbortController();
            const heard = new Promise<void>((resolve) => {
              wake = resolve;
            });
            try {
              await Promise.race([heard, clock.sleep(ms, AbortSignal.any([signal, enough.signal]))]);
            } finally {
              wake = null;
              enough.abort();
            }
          }
          rung = false;
        },
        [Symbol.dispose]() {
          listening.delete(hear);
          if (listening.size === 0) ears.delete(name);
        },
      } satisfies Ear;
    },
  };
}
