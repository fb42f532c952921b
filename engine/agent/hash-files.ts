import { availableParallelism } from 'node:os';
import { type Batch, type Hashed, openHasher } from './hash-file.ts';
import type { Place } from './place.ts';
import { openThreads, type Threads } from './threads.ts';

export type Hashers = Threads<Batch, readonly Hashed[]>;

/** For whoever hashes several times: to start a thread costs as much as to hash a hundred megabytes. None is started before it is needed. */
export function openHashers(): Hashers {
  const threads = Math.min(THREADS_MAX, Math.max(availableParallelism(), 1));
  return openThreads({ thread: 'hash' }, { threads, each: 1 });
}

/**
 * Hashes files on a few threads, with one buffer each, however large the files are. A batch goes to a thread at a time, so
 * that thousands of small files do not cost thousands of messages.
 */
export async function hashFiles(
  place: Place,
  files: readonly { readonly path: string; readonly size: number }[],
  onHashed: (index: number, hashed: Hashed) => void,
  signal: AbortSignal,
  shared: Hashers | null = null,
): Promise<void> {
  signal.throwIfAborted();
  if (files.length <= FEW && files.every((file) => file.size <= SMALL_BYTES)) {
    const hash = openHasher();
    hash(files.map(({ path }) => systemPath(place, path))).forEach((hashed, index) => void onHashed(index, hashed));
    return;
  }
  const batches = batchesOf(files);
  const hashers = shared ?? openHashers();
  try {
    await hashers.run(
      batches.map((batch) => batch.map((index) => systemPath(place, files[index]!.path))),
      (at, done) => done.forEach((hashed, of) => void onHashed(batches[at]![of]!, hashed)),
      signal,
    );
    signal.throwIfAborted();
  } finally {
    if (shared === null) await hashers.close();
  }
}

const systemPath = (place: Place, path: string): string => place.at(path).toString('latin1');

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

const FEW = 64;
const SMALL_BYTES = 1024 * 1024;
const BATCH_FILES = 256;
const BATCH_BYTES = 32 * 1024 * 1024;
const THREADS_MAX = 4;
