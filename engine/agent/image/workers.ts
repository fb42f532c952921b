import { Worker } from 'node:worker_threads';

/**
 * Gives jobs to a few threads, `each` to one at a time, in their order. `program` is started as each of them. On the signal
 * it gives out no more, and ends the threads.
 */
export async function onThreads<Job, Done>(
  program: string,
  start: unknown,
  jobs: readonly Job[],
  { threads, each }: { readonly threads: number; readonly each: number },
  onDone: (index: number, done: Done) => void,
  signal: AbortSignal,
): Promise<void> {
  let next = 0;
  const one = async (): Promise<void> => {
    const { promise: ended, resolve, reject } = Promise.withResolvers<void>();
    const worker = new Worker(program, { workerData: start });
    const stop = (): void => resolve();
    signal.addEventListener('abort', stop, { once: true });
    let busy = 0;
    const feed = (): void => {
      while (busy < each && next < jobs.length) {
        worker.postMessage([next, jobs[next]]);
        next += 1;
        busy += 1;
      }
      if (busy === 0) resolve();
    };
    worker.on('error', reject);
    worker.on('message', ([index, done]: [number, Done]) => {
      if (signal.aborted) return;
      busy -= 1;
      onDone(index, done);
      feed();
    });
    try {
      if (signal.aborted) resolve();
      else feed();
      await ended;
    } finally {
      signal.removeEventListener('abort', stop);
      await worker.terminate();
    }
  };
  const all = Array.from({ length: Math.min(threads, jobs.length) }, one);
  try {
    await Promise.all(all);
  } catch (cause) {
    next = jobs.length;
    await Promise.allSettled(all);
    throw cause;
  }
}
