import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { openSegmentWriter, type SegmentJob, type WriterSetup, type Written } from './segment-writer.ts';
import { onThreads } from './workers.ts';

/** Says what came of each job as soon as it lies in storage. */
export async function writeSegments(
  setup: WriterSetup,
  jobs: readonly SegmentJob[],
  threads: number,
  onWritten: (index: number, written: Written) => void,
  signal: AbortSignal,
): Promise<void> {
  const start = { what: WRITING, setup };
  await onThreads(fileURLToPath(import.meta.url), start, jobs, { threads, each: 1 }, onWritten, signal);
}

const WRITING = 'dumont-image-writing';

// This file is its own worker, also when it is bundled with the rest of the agent.
if (!isMainThread && workerData?.what === WRITING) {
  const write = openSegmentWriter(workerData.setup as WriterSetup);
  parentPort?.on('message', async ([index, job]: [number, SegmentJob]) => {
    parentPort?.postMessage([index, await write(job)]);
  });
}
