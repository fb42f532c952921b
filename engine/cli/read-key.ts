import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { Failure } from '../domain/failures.ts';
import { fileTrouble } from './file-trouble.ts';

/** The public key in a file, as one line. */
export function readKey(file: string): string {
  try {
    return readFileSync(file.replace(/^~(?=\/)/, homedir()), 'utf8').trim();
  } catch (cause) {
    throw new Failure('bad_path', { path: file, why: fileTrouble(cause) }, { cause });
  }
}
