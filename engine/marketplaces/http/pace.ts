import type { Clock } from '../../domain/ports.ts';

/** Lets calls pass one after another. A marketplace counts per route and key, so each has one of its own. */
export interface Pace {
  /** Returns when the next call may leave. A call that is aborted while it waits gives its turn back to nobody. */
  turn(signal: AbortSignal): Promise<void>;
  /** It said "too often": nothing leaves for so long. */
  rest(ms: number): void;
}

export function pace(intervalMs: number, clock: Clock): Pace {
  let next = Number.NEGATIVE_INFINITY;
  return {
    async turn(signal) {
      signal.throwIfAborted();
      const at = Math.max(clock.now(), next);
      next = at + intervalMs;
      if (at > clock.now()) await clock.sleep(at - clock.now(), signal);
    },
    rest(ms) {
      next = Math.max(next, clock.now() + ms);
    },
  };
}
