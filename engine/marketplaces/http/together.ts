/**
 * Callers that come before a call departs share it and its answer; whoever comes later gets the next one, so that an answer
 * is never older than the question. Who is aborted leaves alone; the call goes on for the others.
 */
export function together<T>(
  work: (depart: () => void, signal: AbortSignal) => Promise<T>,
): (signal: AbortSignal) => Promise<T> {
  let waiting: Shared<T> | null = null;

  function begin(): Shared<T> {
    const stop = new AbortController();
    const shared: Shared<T> = {
      stop,
      callers: 0,
      answer: work(() => {
        if (waiting === shared) waiting = null;
      }, stop.signal).finally(() => {
        if (waiting === shared) waiting = null;
      }),
    };
    shared.answer.catch(() => undefined);
    return shared;
  }

  return async (signal) => {
    signal.throwIfAborted();
    waiting ??= begin();
    const shared = waiting;
    shared.callers += 1;
    const left = Promise.withResolvers<never>();
    const leave = (): void => left.reject(signal.reason);
    signal.addEventListener('abort', leave, { once: true });
    try {
      return await Promise.race([shared.answer, left.promise]);
    } finally {
      signal.removeEventListener('abort', leave);
      shared.callers -= 1;
      if (shared.callers === 0) {
        if (waiting === shared) waiting = null;
        shared.stop.abort(new Error('nobody waits for it any more'));
      }
    }
  };
}

interface Shared<T> {
  readonly answer: Promise<T>;
  readonly stop: AbortController;
  callers: number;
}
