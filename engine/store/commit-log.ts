import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import * as z from 'zod';
import { Failure, reasonOf } from '../domain/failures.ts';
import { type AppendFile, openAppendFile } from './append-file.ts';
import { syncFolder } from './durable.ts';

/**
 * What was saved since the last snapshot: one line per commit, with a checksum, in files named after the commit before
 * their first. Commits are numbered without gaps, so a missing one is noticed.
 */
const Commit = z.object({
  schema: z.number().int(),
  number: z.number().int(),
  changes: z.array(
    z.object({
      kind: z.string(),
      id: z.string(),
      /** Null: the row was removed. */
      row: z.unknown(),
    }),
  ),
});
export type Commit = z.infer<typeof Commit>;

export function commitLine(commit: Commit): string {
  const text = JSON.stringify(commit);
  return `${checksum(text)} ${text}\n`;
}

export interface CommitFile {
  readonly path: string;
  /** The number of the last commit before it. */
  readonly after: number;
}

/** Oldest first. */
export async function commitFiles(folder: string): Promise<readonly CommitFile[]> {
  const files: CommitFile[] = [];
  for (const name of await readdir(folder)) {
    const [, digits] = /^commits-(\d{12,})\.log$/.exec(name) ?? [];
    if (digits !== undefined) files.push({ path: join(folder, name), after: Number(digits) });
  }
  return files.sort((a, b) => a.after - b.after);
}

/** Begins a new file after that commit. Its name is on disk before anything is written to it. */
export async function beginCommitFile(folder: string, after: number): Promise<AppendFile> {
  const file = await openAppendFile(join(folder, `commits-${String(after).padStart(12, '0')}.log`), 0);
  await syncFolder(folder);
  return file;
}

/**
 * The commits of one file, and how many of its bytes are whole. A last line that is not whole is the write that a crash
 * interrupted: nobody was told that it was saved. A bad line with others behind it is damage.
 */
export async function readCommits(path: string): Promise<{ commits: readonly Commit[]; wholeBytes: number }> {
  const bytes = await readFile(path);
  const commits: Commit[] = [];
  let start = 0;
  while (start < bytes.length) {
    const newline = bytes.indexOf(NEWLINE, start);
    const end = newline === -1 ? bytes.length : newline;
    try {
      if (newline === -1) throw new Error('it has no end');
      commits.push(readCommit(bytes.toString('utf8', start, end)));
    } catch (cause) {
      if (end + 1 >= bytes.length) break;
      throw new Failure('log_damaged', { file: path, line: commits.length + 1, why: reasonOf(cause) }, { cause });
    }
    start = end + 1;
  }
  return { commits, wholeBytes: start };
}

const NEWLINE = 10;

function readCommit(line: string): Commit {
  const text = line.slice(9);
  if (line.slice(0, 9) !== `${checksum(text)} `) throw new Error('it does not match its checksum');
  return Commit.parse(JSON.parse(text));
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}
