import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Everything below a folder, read in full. This file runs on both sides of a comparison: here, and sent to the machine as
 * it stands. So it needs nothing but Node.
 */
export async function* listFiles(root: string, below = ''): AsyncGenerator<Entry> {
  const names = await readdir(join(root, below));
  for (const name of names.sort()) {
    const path = below === '' ? name : `${below}/${name}`;
    const file = join(root, path);
    const stat = await lstat(file, { bigint: true });
    const about = { path, mode: (Number(stat.mode) & 0o7777).toString(8), mtimeNs: String(stat.mtimeNs) };
    if (stat.isSymbolicLink()) yield { ...about, kind: 'link', holds: await readlink(file), sizeBytes: 0 };
    else if (stat.isDirectory()) {
      yield { ...about, kind: 'folder', holds: '', sizeBytes: 0 };
      yield* listFiles(root, path);
    } else yield { ...about, kind: 'file', holds: await hashOf(file), sizeBytes: Number(stat.size) };
  }
}

export interface Entry {
  readonly path: string;
  readonly kind: 'file' | 'folder' | 'link';
  /** In octal digits, as chmod takes it. */
  readonly mode: string;
  readonly mtimeNs: string;
  /** The SHA-256 of a file's bytes, or what a link points to. */
  readonly holds: string;
  readonly sizeBytes: number;
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(file)) hash.update(piece);
  return hash.digest('hex');
}
