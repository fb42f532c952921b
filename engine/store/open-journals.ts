import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { diskFailure, Failure } from '../domain/failures.ts';
import type { Entries, Journal, Journals } from '../domain/journals.ts';
import { openAppendFile } from './append-file.ts';
import { PRIVATE_FOLDER, syncFolder } from './durable.ts';
import { ENTRY_SHAPES } from './entry-shapes.ts';
import { groupCommit } from './group-commit.ts';
import { linesOf, wholeLines } from './whole-lines.ts';

/**
 * Journals as files that people can read: `ledger-2026-08.jsonl`, a line an entry, in the month (UTC) of its time. What
 * was appended stays. The store's lock keeps a second engine out of them too.
 */
export async function openJournals(folder: string): Promise<Journals & AsyncDisposable> {
  await mkdir(folder, { recursive: true, mode: PRIVATE_FOLDER }).catch((cause: unknown) => {
    throw diskFailure(cause, folder);
  });
  let closed = false;
  /** How long each file is that we have written to: nobody else does. */
  const sizes = new Map<string, number>();

  async function appendTo(path: string, lines: readonly Line[]): Promise<void> {
    const known = sizes.get(path) ?? (await wholeLines(path));
    await using file = await openAppendFile(path, known ?? 0);
    if (known === null) await syncFolder(folder);
    await file.append(lines.map(({ text }) => text).join(''));
    sizes.set(path, file.sizeBytes);
  }

  const appends = groupCommit<Line, void>(async (batch) => {
    const failed = new Map<string, unknown>();
    for (const [file, lines] of Map.groupBy(batch, (line) => line.file))
      await appendTo(join(folder, file), lines).catch((cause: unknown) => failed.set(file, cause));
    return batch.map(({ file }) =>
      failed.has(file) ? { status: 'rejected', reason: failed.get(file) } : { status: 'fulfilled', value: undefined },
    );
  });

  return {
    async append(journal, entry) {
      if (closed) throw new Failure('stopping');
      await appends.add({ file: `${journal}-${monthOf(entry.at)}.jsonl`, text: textOf(journal, entry) });
    },
    async read<J extends Journal>(journal: J, since: number) {
      const entries: Entries[J][] = [];
      for (const file of await filesOf(folder, journal, monthOf(Math.max(0, since))))
        for await (const entry of entriesOf(journal, file)) if (entry.at >= since) entries.push(entry);
      // Whoever appends says when it was, so a line may be older than the one before it.
      return entries.sort((a, b) => a.at - b.at);
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      await appends.drain();
    },
  };
}

interface Line {
  readonly file: string;
  readonly text: string;
}

/** Checked before it is written, so that a journal never holds what it would refuse to read. */
function textOf(journal: Journal, entry: Entries[Journal]): string {
  ENTRY_SHAPES[journal].parse(entry);
  return `${JSON.stringify(entry)}\n`;
}

function monthOf(at: number): string {
  return new Date(at).toISOString().slice(0, 7);
}

/** Oldest first. */
async function filesOf(folder: string, journal: Journal, from: string): Promise<readonly string[]> {
  const first = `${journal}-${from}.jsonl`;
  const ours = new RegExp(`^${journal}-\\d{4}-\\d{2}\\.jsonl$`);
  const names = (await readdir(folder)).filter((name) => ours.test(name) && name >= first);
  return names.sort().map((name) => join(folder, name));
}

/** A last line that is torn was never promised to anybody; one with others behind it is damage. */
async function* entriesOf<J extends Journal>(journal: J, file: string): AsyncGenerator<Entries[J]> {
  let bad: { line: number; why: string } | null = null;
  let line = 0;
  for await (const text of linesOf(file)) {
    if (bad) throw new Failure('journal_damaged', { file, ...bad });
    line += 1;
    const read = entryIn(journal, text);
    if ('why' in read) bad = { line, why: read.why };
    else yield read.entry;
  }
}

function entryIn<J extends Journal>(
  journal: J,
  text: string,
): { readonly entry: Entries[J] } | { readonly why: string } {
  try {
    const entry: unknown = JSON.parse(text);
    ENTRY_SHAPES[journal].parse(entry);
    return { entry: entry as Entries[J] };
  } catch (cause) {
    return { why: cause instanceof SyntaxError ? cause.message : `it is no entry of ${journal}` };
  }
}
