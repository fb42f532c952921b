import { Failure } from '../domain/failures.ts';

/**
 * Whoever reads a repository takes no lock in it, since machines and racers may only read. So on this host reading and
 * taking out never go on at once, and reading comes first: whoever takes out is stopped, and goes on later.
 */
export interface Gate {
  /** Waits until what takes out has stopped. */
  read(): Promise<Disposable>;
  /** Rejects with `repository_locked` when somebody reads, or begins to while it works. */
  alone(work: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void>;
}

export function openGate(workspace: string): Gate {
  let readers = 0;
  let taker: { readonly stop: AbortController; readonly ended: Promise<void> } | null = null;
  const busy = (): Failure => new Failure('repository_locked', { workspace });
  return {
    async read() {
      readers += 1;
      taker?.stop.abort(busy());
      await taker?.ended;
      return {
        [Symbol.dispose]() {
          readers -= 1;
        },
      };
    },
    async alone(work, signal) {
      if (readers > 0 || taker) throw busy();
      const stop = new AbortController();
      const working = work(AbortSignal.any([signal, stop.signal]));
      const ended = working.then(
        () => undefined,
        () => undefined,
      );
      taker = { stop, ended };
      try {
        await working;
      } finally {
        taker = null;
      }
    },
  };
}
