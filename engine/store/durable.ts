import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Failure, reasonOf } from '../domain/failures.ts';

/** Only the engine's own account may read what it keeps. */
export const PRIVATE_FILE = 0o600;
export const PRIVATE_FOLDER = 0o700;

/** Writes a file whole and on disk under a name that nobody reads yet. */
export async function writeDurably(path: string, chunks: Iterable<string>): Promise<void> {
  await using handle = await open(path, 'w', PRIVATE_FILE);
  await handle.writeFile(chunks);
  await handle.sync();
}

/** After this returns, the name means the new file even when the power fails. */
export async function renameDurably(from: string, to: string): Promise<void> {
  await rename(from, to);
  await syncFolder(dirname(to));
}

/** Names live in the folder: a file that is new, renamed or removed is so for good only when its folder is on disk. */
export async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, 'r');
  await handle.sync();
}

/** What the disk says when it is full, as a failure; anything else stays what it is. */
export function diskFailure(cause: unknown, what: string): unknown {
  const full = cause instanceof Error && 'code' in cause && (cause.code === 'ENOSPC' || cause.code === 'EDQUOT');
  return full ? new Failure('disk_full', { what, why: reasonOf(cause) }, { cause }) : cause;
}

export function isMissing(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
}
