import { Worker } from 'node:worker_threads';
import { PROGRAM, type Task } from './thread.ts';

/** A few threads that do jobs, each at most so many at a time. */
export interface Threads<Job, Done> {
  /** Now, for jobs that are sure to come. */
  start(): void;
  /**
   * In their order, and beside whatever else is asked. Where `onDone` says "enough", or throws, no more are given out, and
   * those that were come to their end. On the signal nothing more is heard of them.
   */
  run(jobs: readonly Job[], onDone: OnDone<Done>, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

export type OnDone<Done> = (index: number, done: Done) => unknown;

/** All jobs that were asked for together. */
interface Run<Done> {
  readonly onDone: OnDone<Done>;
  readonly signal: AbortSignal;
  /** How many are not done, and will be. */
  left: number;
  /** What `onDone` threw. */
  failed: { readonly cause: unknown } | null;
  readonly over: PromiseWithResolvers<void>;
}

interface Asked<Job, Done> {
  readonly job: Job;
  readonly index: number;
  readonly run: Run<Done>;
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
      const { run, index } = asked.get(id)!;
      asked.delete(id);
      if (!run.signal.aborted) take(run, index, said.done);
      giveOut();
    });
  };
  const take = (run: Run<Done>, index: number, done: Done): void => {
    run.left -= 1;
    try {
      if (run.onDone(index, done) === 'enough') dropWaiting(run);
    } catch (cause) {
      run.failed ??= { cause };
      dropWaiting(run);
    }
    if (run.left === 0) run.over.resolve();
  };
  const dropWaiting = (run: Run<Done>): void => {
    for (const one of waiting.splice(0)) {
      if (one.run === run) run.left -= 1;
      else waiting.push(one);
    }
  };
  const giveOut = (): void => {
    while (waiting.length > 0) {
      const free = workers.find(({ busy }) => busy === 0) ?? (workers.length < threads ? null : leastBusy());
      if (free === null) startOne();
      else if (free.busy >= each) return;
      else {
        const next = waiting.shift()!;
        if (next.run.signal.aborted) continue;
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
      if (jobs.length === 0) return;
      const either = AbortSignal.any([signal, broken.signal]);
      const over = Promise.withResolvers<void>();
      either.addEventListener('abort', () => over.resolve(), { once: true });
      const run: Run<Done> = { onDone, signal: either, left: jobs.length, failed: null, over };
      jobs.forEach((job, index) => void waiting.push({ job, index, run }));
      giveOut();
      if (!either.aborted) await over.promise;
      broken.signal.throwIfAborted();
      if (run.failed) throw run.failed.cause;
    },
    async close() {
      await Promise.all(workers.map(({ worker }) => worker.terminate()));
    },
  };
}

/** What they do lies outside of the heap; objects live for a moment, and the usual room for those is 48 MB in each. */
const SMALL = { maxYoungGenerationSizeMb: 8 };
