import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { openThreads, type Threads } from '../threads.ts';
import { openSegmentWriter, type SegmentJob, type WriterSetup, type Written } from './segment-writer.ts';

/** A job is done when what came of it lies in storage. */
export function openWriters(setup: WriterSetup, threads: number): Threads<SegmentJob, Written> {
  return openThreads(fileURLToPath(import.meta.url), { what: WRITING, setup }, { threads, each: 1 });
}

const WRITING = 'dumont-image-writing';

// This file is its own worker, also when it is bundled with the rest of the agent.
if (!isMainThread && workerData?.what === WRITING) {
  const write = openSegmentWriter(workerData.setup as WriterSetup);
  parentPort?.on('message', async ([index, job]: [number, SegmentJob]) => {
    parentPort?.postMessage([index, await write(job)]);
  });
}
