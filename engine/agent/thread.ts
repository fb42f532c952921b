import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import type { AskLine } from './image/line.ts';
import type { ImageAt } from './image/objects.ts';

/** What a thread of the agent is there for. */
export type Task =
  | { readonly thread: 'hash' }
  | { readonly thread: 'read'; readonly image: ImageAt }
  | { readonly thread: 'write'; readonly image: ImageAt };

/** Where a thread starts: here, or in what this was bundled into. */
export const PROGRAM = fileURLToPath(import.meta.url);

/** Only what the task needs is loaded: a thread starts sooner, and collects garbage among less. */
async function doing(task: Task): Promise<(job: never) => unknown> {
  switch (task.thread) {
    case 'hash':
      return (await import('./hash-file.ts')).openHasher();
    case 'read':
      return (await import('./image/segment-reader.ts')).openSegmentReader(task.image);
    case 'write':
      return (await import('./image/segment-writer.ts')).openSegmentWriter(task.image, ask as AskLine);
  }
}

async function serve(task: Task): Promise<void> {
  const act = await doing(task);
  parentPort!.on('message', async (told: Told) => {
    if ('answer' in told) answers.get(told.id)!(told.answer);
    else parentPort!.postMessage({ id: told.id, done: await act(told.job) });
  });
}

/** Of whoever opened the threads. */
function ask(question: unknown): Promise<unknown> {
  const { promise, resolve } = Promise.withResolvers();
  const id = ++asked;
  answers.set(id, (answer) => {
    answers.delete(id);
    resolve(answer);
  });
  parentPort!.postMessage({ id, question });
  return promise;
}

type Told = { readonly id: number } & ({ readonly job: never } | { readonly answer: unknown });

let asked = 0;
const answers = new Map<number, (answer: unknown) => void>();

// Not awaited: what is loaded may itself load this.
if (!isMainThread && workerData?.thread) void serve(workerData as Task);
