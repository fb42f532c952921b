import { reasonOf } from '../domain/failures.ts';

const WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'you may not read it',
  EPERM: 'you may not read it',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a folder in it is a file',
};

/** Why a file cannot be read, in words. */
export function fileTrouble(cause: unknown): string {
  return WORDS[(cause as NodeJS.ErrnoException | null)?.code ?? ''] ?? reasonOf(cause);
}
