import { upMs } from './moment.ts';

/** The engine's clock as this machine knows it: what it said last, and how long ago that was by a clock that cannot jump. */
export interface EngineClock {
  now(): number;
  /** It said so just now. */
  set(engineNow: number): void;
}

export function engineClock(engineNow: number): EngineClock {
  let said = engineNow;
  let at = upMs();
  return {
    now: () => said + (upMs() - at),
    set(now) {
      said = now;
      at = upMs();
    },
  };
}
