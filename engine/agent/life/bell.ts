/** Wakes whoever waits for something that may happen sooner than they thought. */
export interface Bell {
  ring(): void;
  /** Until it rings or the time is over. A ring that nobody waited for is not lost. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

export function openBell(): Bell {
  let rung = false;
  let wake: (() => void) | null = null;
  return {
    ring() {
      rung = true;
      wake?.();
    },
    async wait(ms, signal) {
      if (!rung && !signal.aborted) {
        const { promise, resolve } = Promise.withResolvers<void>();
        wake = resolve;
        const timer = setTimeout(resolve, Math.min(ms, LONGEST_MS));
        signal.addEventListener('abort', () => resolve(), { once: true });
        await promise;
        clearTimeout(timer);
        wake = null;
      }
      rung = false;
      signal.throwIfAborted();
    },
  };
}

/** A longer timer would fire at once. Whoever wakes looks again anyway. */
const LONGEST_MS = 24 * 60 * 60_000;
