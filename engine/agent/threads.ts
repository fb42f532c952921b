import { Worker } from 'node:worker_threads';
import { PROGRAM, type Task } from './thread.ts';

/** A few threads that do jobs, each at most so many at a time. */
export interface Threads<Job, Done> {
  /** Now, for jobs that are sure to come. */
  start(): void;
  /** In their order, and beside whatever else is asked. On the signal it gives out no more, and hears no more. */
  run(jobs: readonly Job[], onDone: (index: number, done: Done) => void, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

interface Asked<Job, Done> {
  readonly job: Job;
  readonly signal: AbortSignal;
  readonly take: (done: Done) => void;
}

type Said<Done> = { readonly id: number } & ({ readonly done: Done } | { readonly question: unknown });

/**
 * They are started when there is something to do, if not before, since each takes a moment, and kept until they are closed.
 * `answer`: to what they ask meanwhile.
 */
export function openThreads<Job, Done>(
  task: Task,
  { threads, each }: { readonly threads: number; readonly each: number },
  answer?: (question: never) => Promise<unknown>,
): Threads<Job, Done> {
  const waiting: Asked<Job, Done>[] = [];
  const asked = new Map<number, Asked<Job, Done>>();
  const workers: { readonly worker: Worker; busy: number }[] = [];
  const broken = new AbortController();
  let count = 0;

  const startOne = (): void => {
    const one = { worker: new Worker(PROGRAM, { workerData: task, resourceLimits: SMALL }), busy: 0 };
    workers.push(one);
    one.worker.on('error', (cause) => broken.abort(cause));
    one.worker.on('message', async (said: Said<Done>) => {
      const { id } = said;
      if ('question' in said) return one.worker.postMessage({ id, answer: await answer?.(said.question as never) });
      one.busy -= 1;
      const { signal, take } = asked.get(id)!;
      asked.delete(id);
      if (!signal.aborted) take(said.done);
      giveOut();
    });
  };
  const giveOut = (): void => {
    while (waiting.length > 0) {
      const free = workers.find(({ busy }) => busy === 0) ?? (workers.length < threads ? null : leastBusy());
      if (free === null) startOne();
      else if (free.busy >= each) return;
      else {
        const next = waiting.shift()!;
        if (next.signal.aborted) continue;
        free.busy += 1;
        asked.set(++count, next);
        free.worker.postMessage({ id: count, job: next.job });
      }
    }
  };
  const leastBusy = () => workers.toSorted((a, b) => a.busy - b.busy)[0]!;

  return {
    start() {
      while (workers.length < threads) startOne();
    },
    async run(jobs, onDone, signal) {
      const either = AbortSignal.any([signal, broken.signal]);
      const { promise, resolve } = Promise.withResolvers<void>();
      either.addEventListener('abort', () => resolve(), { once: true });
      let left = jobs.length;
      jobs.forEach((job, index) => {
        const take = (done: Done): void => {
          onDone(index, done);
          left -= 1;
          if (left === 0) resolve();
        };
        waiting.push({ job, signal: either, take });
      });
      giveOut();
      if (left > 0 && !either.aborted) await promise;
      broken.signal.throwIfAborted();
    },
    async close() {
      await Promise.all(workers.map(({ worker }) => worker.terminate()));
    },
  };
}

/** What they do lies outside of the heap; objects live for a moment, and the usual room for those is 48 MB in each. */
const SMALL = { maxYoungGenerationSizeMb: 8 };
