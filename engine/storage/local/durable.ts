import { closeSync, existsSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Written in pieces this large. */
const BATCH_BYTES = 512 * 1024;

/** Appends all pieces to a file, keeping at most two batches in memory: one being written while the next arrives. */
export async function writePieces(file: FileHandle, pieces: AsyncIterable<Buffer>): Promise<void> {
  let batch: Buffer[] = [];
  let batchBytes = 0;
  let writing = Promise.resolve();
  try {
    for await (const piece of pieces) {
      batch.push(piece);
      batchBytes += piece.length;
      if (batchBytes < BATCH_BYTES) continue;
      await writing;
      writing = writeAll(file, batch, batchBytes);
      writing.catch(() => {}); // awaited below; until then it must not count as unhandled
      batch = [];
      batchBytes = 0;
    }
  } finally {
    await writing;
  }
  await writeAll(file, batch, batchBytes);
}

export async function writeAll(file: FileHandle, pieces: readonly Buffer[], bytes: number): Promise<void> {
  if (bytes === 0) return;
  const { bytesWritten } = await file.writev(pieces);
  if (bytesWritten === bytes) return;
  // A write may stop short of a full disk; the next one then says why.
  let rest = Buffer.concat(pieces).subarray(bytesWritten);
  while (rest.length > 0) rest = rest.subarray((await file.write(rest)).bytesWritten);
}

/** Gives a written and synced file its name for good: after this returns a crash does not take it back. */
export async function settle(from: string, to: string): Promise<void> {
  await rename(from, to);
  await syncFolder(dirname(to));
}

/** Puts a small file in place of another, whole or not at all. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const draft = `${path}.draft`;
  const file = await open(draft, 'w');
  try {
    await file.writeFile(text);
    await file.datasync();
  } finally {
    await file.close();
  }
  await settle(draft, path);
}

export async function removeFile(path: string): Promise<void> {
  await rm(path, { force: true });
  await syncFolder(dirname(path));
}

/** Makes a folder and those above it, for good. At start only, so without waiting. */
export function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  mkdirSync(folder, { mode: 0o700 });
  const above = openSync(dirname(folder), 'r');
  try {
    fsyncSync(above);
  } finally {
    closeSync(above);
  }
}

interface Syncing {
  readonly now: Promise<void>;
  next: Promise<void> | null;
}

const syncing = new Map<string, Syncing>();

/** Makes names in a folder last. Those who come while a sync runs share the next one. */
export function syncFolder(folder: string): Promise<void> {
  const running = syncing.get(folder);
  if (!running) return startSync(folder);
  running.next ??= running.now.then(
    () => startSync(folder),
    () => startSync(folder),
  );
  return running.next;
}

function startSync(folder: string): Promise<void> {
  const entry: Syncing = { now: syncOnce(folder), next: null };
  syncing.set(folder, entry);
  const finish = () => {
    if (entry.next === null) syncing.delete(folder);
  };
  entry.now.then(finish, finish);
  return entry.now;
}

async function syncOnce(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
