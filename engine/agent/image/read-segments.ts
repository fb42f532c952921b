import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { openSegmentReader, type Read, type ReadJob } from './segment-reader.ts';
import type { WriterSetup } from './segment-writer.ts';
import { onThreads } from './workers.ts';

/** Says what came of each segment as soon as what is in it lies on the disk. */
export async function readSegments(
  setup: WriterSetup,
  jobs: readonly ReadJob[],
  threads: number,
  onRead: (index: number, read: Read) => void,
  signal: AbortSignal,
): Promise<void> {
  const each = Math.max(Math.ceil(setup.at.connections / threads), 1);
  const start = { what: READING, setup };
  await onThreads(fileURLToPath(import.meta.url), start, jobs, { threads, each }, onRead, signal);
}

const READING = 'dumont-image-reading';

// This file is its own worker, also when it is bundled with the rest of the agent.
if (!isMainThread && workerData?.what === READING) {
  const read = openSegmentReader(workerData.setup as WriterSetup);
  parentPort?.on('message', async ([index, job]: [number, ReadJob]) => {
    parentPort?.postMessage([index, await read(job)]);
  });
}
