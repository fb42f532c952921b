import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { codeOf } from './durable.ts';
import type { Place } from './place.ts';
import { openThreads } from './threads.ts';

/** The SHA-256 of a file's bytes, or the code of why it could not be read. */
export type Hashed = { readonly sha256: string } | { readonly error: string };

/**
 * Hashes files on a few threads, with one buffer each, however large the files are. A batch goes to a thread at a time, so
 * that thousands of small files do not cost thousands of messages.
 */
export async function hashFiles(
  place: Place,
  files: readonly { readonly path: string; readonly size: number }[],
  onHashed: (index: number, hashed: Hashed) => void,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  if (files.length <= FEW && files.every((file) => file.size <= SMALL_BYTES)) {
    const buffer = Buffer.alloc(BUFFER_BYTES);
    files.forEach((file, index) => {
      onHashed(index, hashFile(place.at(file.path), buffer));
    });
    return;
  }
  const batches = batchesOf(files);
  const threads = Math.min(THREADS_MAX, Math.max(availableParallelism(), 1));
  const hashers = openThreads<Batch, readonly Hashed[]>(fileURLToPath(import.meta.url), HASHING, { threads, each: 1 });
  try {
    await hashers.run(
      batches.map((batch) => batch.map((index) => place.at(files[index]!.path).toString('latin1'))),
      (at, done) => done.forEach((hashed, of) => void onHashed(batches[at]![of]!, hashed)),
      signal,
    );
    signal.throwIfAborted();
  } finally {
    await hashers.close();
  }
}

/** Paths, as the system is asked for them. */
type Batch = readonly string[];

function batchesOf(files: readonly { readonly size: number }[]): number[][] {
  const batches: number[][] = [];
  let batch: number[] = [];
  let bytes = 0;
  files.forEach((file, index) => {
    batch.push(index);
    bytes += file.size;
    if (bytes >= BATCH_BYTES || batch.length >= BATCH_FILES) {
      batches.push(batch);
      batch = [];
      bytes = 0;
    }
  });
  if (batch.length > 0) batches.push(batch);
  return batches;
}

function hashFile(path: Buffer, buffer: Buffer): Hashed {
  let file: number;
  try {
    // Not through a link, and not waiting for the writer of a pipe that took the file's place.
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    return { error: codeOf(cause) };
  }
  try {
    if (!fstatSync(file).isFile()) return { error: 'ENOENT' };
    const hash = createHash('sha256');
    for (let read = readSync(file, buffer); read > 0; read = readSync(file, buffer))
      hash.update(buffer.subarray(0, read));
    return { sha256: hash.digest('hex') };
  } catch (cause) {
    return { error: codeOf(cause) };
  } finally {
    closeSync(file);
  }
}

const HASHING = 'dumont-hashing';
const FEW = 64;
const SMALL_BYTES = 1024 * 1024;
const BATCH_FILES = 256;
const BATCH_BYTES = 32 * 1024 * 1024;
const BUFFER_BYTES = 1024 * 1024;
const THREADS_MAX = 4;

// This file is its own worker, also when it is bundled with the rest of the agent.
if (!isMainThread && workerData === HASHING) {
  const buffer = Buffer.alloc(BUFFER_BYTES);
  parentPort?.on('message', ([id, batch]: [number, Batch]) => {
    parentPort?.postMessage([id, batch.map((path) => hashFile(Buffer.from(path, 'latin1'), buffer))]);
  });
}
