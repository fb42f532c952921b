import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
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
      return (await import('./image/segment-writer.ts')).openSegmentWriter(task.image);
  }
}

async function serve(task: Task): Promise<void> {
  const act = await doing(task);
  parentPort!.on('message', async ([id, job]: [number, never]) => {
    parentPort!.postMessage([id, await act(job)]);
  });
}

// Not awaited: what is loaded may itself load this.
if (!isMainThread && workerData?.thread) void serve(workerData as Task);
