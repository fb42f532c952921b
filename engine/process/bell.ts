import type { Bell, Clock, Ear } from '../domain/ports.ts';

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
            const stop = new AbortController();
            const pass = (): void => stop.abort(signal.reason);
            signal.addEventListener('abort', pass, { once: true });
            wake = () => stop.abort(HEARD);
            try {
              await clock.sleep(ms, stop.signal);
            } catch (cause) {
              if (cause !== HEARD) throw cause;
            } finally {
              wake = null;
              signal.removeEventListener('abort', pass);
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

/** Why a sleep ended early. Made once: an abort without a reason of its own makes a new error, stack and all. */
const HEARD = new Error('the bell rang');
