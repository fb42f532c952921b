import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Only the engine's own account may read what it keeps. */
export const PRIVATE_FILE = 0o600;
export const PRIVATE_FOLDER = 0o700;

/** Writes a file whole and on disk under a name that nobody reads yet. */
export async function writeDurably(path: string, chunks: Iterable<string | Uint8Array>): Promise<void> {
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

export function isMissing(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
}
