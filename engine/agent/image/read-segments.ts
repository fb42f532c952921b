import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { openThreads, type Threads } from '../threads.ts';
import { openSegmentReader, type Read, type ReadJob } from './segment-reader.ts';
import type { WriterSetup } from './segment-writer.ts';

/** A job is done when what is in its segment lies on the disk. */
export function openReaders(setup: WriterSetup): Threads<ReadJob, Read> {
  const threads = Math.min(availableParallelism(), THREADS_MAX);
  const each = Math.max(Math.ceil(setup.at.connections / threads), 1);
  return openThreads(fileURLToPath(import.meta.url), { what: READING, setup }, { threads, each });
}

const READING = 'dumont-image-reading';
const THREADS_MAX = 8;

// This file is its own worker, also when it is bundled with the rest of the agent.
if (!isMainThread && workerData?.what === READING) {
  const read = openSegmentReader(workerData.setup as WriterSetup);
  parentPort?.on('message', async ([index, job]: [number, ReadJob]) => {
    parentPort?.postMessage([index, await read(job)]);
  });
}
