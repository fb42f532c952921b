import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

export interface Writing {
  /** At no moment has it another one. */
  readonly mode?: number;
  /** After this returns not even a power failure takes it back. */
  readonly durable?: boolean;
}

/** Written beside and moved into place, so that whoever reads sees the old content or the new one, never half of it. */
export function writeWhole(
  file: string,
  content: string | Uint8Array,
  { mode = 0o600, durable = false }: Writing = {},
): void {
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    writeFileSync(draft, content, { mode, flush: durable });
    renameSync(draft, file);
  } catch (cause) {
    rmSync(draft, { force: true }); // half of it on a full disk would be there for ever
    throw cause;
  }
  if (durable) syncFolder(dirname(file));
}

function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Null when there is no such file. */
export function readIfThere(file: string, encoding: 'utf8' | 'latin1' = 'utf8'): string | null {
  try {
    return readFileSync(file, encoding);
  } catch (cause) {
    if (isMissing(cause)) return null;
    throw cause;
  }
}

export function isMissing(cause: unknown): boolean {
  return (cause as NodeJS.ErrnoException).code === 'ENOENT';
}
