import type { Pace } from './pace.ts';

/**
 * One list for everybody who asks while it waits for its turn. One that has left already is older than the question of
 * whoever comes now, so they get the next. It is given up when nobody waits for it any more.
 */
export function sharedList<T>(pace: Pace, list: (signal: AbortSignal) => Promise<T>) {
  let gathering: Gathering<T> | null = null;

  function begin(): Gathering<T> {
    const stop = new AbortController();
    const result = pace.turn(stop.signal).then(async () => {
      if (gathering === mine) gathering = null;
      return await list(stop.signal);
    });
    result.catch(() => undefined); // each who waits hears it; when all have left nobody does
    const mine: Gathering<T> = { result, stop, waiting: 0 };
    return mine;
  }

  return async (signal: AbortSignal): Promise<T> => {
    signal.throwIfAborted();
    gathering ??= begin();
    const mine = gathering;
    mine.waiting += 1;
    const left = Promise.withResolvers<never>();
    const leave = (): void => {
      left.reject(signal.reason);
      mine.waiting -= 1;
      if (mine.waiting > 0) return;
      if (gathering === mine) gathering = null;
      mine.stop.abort(signal.reason);
    };
    signal.addEventListener('abort', leave, { once: true });
    try {
      return await Promise.race([mine.result, left.promise]);
    } finally {
      signal.removeEventListener('abort', leave);
    }
  };
}

interface Gathering<T> {
  readonly result: Promise<T>;
  readonly stop: AbortController;
  waiting: number;
}
