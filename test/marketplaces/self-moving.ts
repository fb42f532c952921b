import type { Clock } from '../../engine/domain/ports.ts';
import type { FakeClock } from '../fakes/clock.ts';

/** Whoever waits on it moves it. */
export function selfMoving(clock: FakeClock): Clock {
  return {
    now: () => clock.now(),
    async sleep(ms, signal) {
      signal.throwIfAborted();
      await clock.advance(ms);
    },
  };
}
