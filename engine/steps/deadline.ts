import { Failure } from '../domain/failures.ts';
import type { Clock } from '../domain/ports.ts';

/**
 * Runs work that must end within `ms`, counted from when it calls `depart` or, without that, from now. Time spent waiting
 * for a rate limit before departure does not count. Work that is late sees its signal abort with the same failure.
 */
export async function within<T>(
  stage: string,
  ms: number,
  clock: Clock,
  signal: AbortSignal,
  work: (signal: AbortSignal, depart: () => void) => Promise<T>,
  from: 'now' | 'departure' = 'now',
): Promise<T> {
  const late = new AbortController();
  const ended = new AbortController();
  const slow = Promise.withResolvers<never>();
  slow.promise.catch(() => undefined);
  let departed = false;
  const depart = (): void => {
    if (departed) return;
    departed = true;
    clock.sleep(ms, ended.signal).then(
      () => {
        const failure = new Failure('stage_slow', { stage, seconds: Math.round(ms / 100) / 10 });
        slow.reject(failure);
        late.abort(failure);
      },
      () => undefined,
    );
  };
  if (from === 'now') depart();
  try {
    return await Promise.race([work(AbortSignal.any([signal, late.signal]), depart), slow.promise]);
  } finally {
    ended.abort(ENDED);
  }
}

const ENDED = new Error('the work ended before its deadline');
