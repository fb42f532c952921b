import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { codeOf } from './durable.ts';

/** The SHA-256 of a file's bytes, or the code of why it could not be read. */
export type Hashed = { readonly sha256: string } | { readonly error: string };

/** Raw paths, as the system is asked for them. */
export type Batch = readonly string[];

/** With one buffer, however large the files are. */
export function openHasher(): (batch: Batch) => readonly Hashed[] {
  const buffer = Buffer.alloc(BUFFER_BYTES);
  return (batch) => batch.map((path) => hashFile(Buffer.from(path, 'latin1'), buffer));
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

const BUFFER_BYTES = 1024 * 1024;
