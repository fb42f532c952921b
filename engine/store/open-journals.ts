import { mkdir, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { diskFailure, Failure, reasonOf } from '../domain/failures.ts';
import type { Entries, Journal, Journals, Seal } from '../domain/journals.ts';
import { openAppendFile } from './append-file.ts';
import { PRIVATE_FOLDER, syncFolder } from './durable.ts';
import { ENTRY_SHAPES } from './entry-shapes.ts';
import { groupCommit } from './group-commit.ts';
import { ledgerSums, RECENT } from './ledger-sums.ts';
import { faultAfter, type Mark, markOf, plainMark, sealed } from './seal.ts';
import { linesOf, wholeLines } from './whole-lines.ts';

/**
 * Journals as files that people can read: `ledger-2026-08.jsonl`, a line an entry, in the month (UTC) of its time. What
 * was appended stays, and of the audit that can be shown. The store's lock keeps a second engine out of them too.
 */
export async function openJournals(
  folder: string,
  mark: Mark = plainMark,
  /** How lines were marked before, the oldest first. */
  former: readonly Mark[] = [],
): Promise<Journals & AsyncDisposable> {
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

  /** The newest file of the audit and its last mark; read when it is needed first. */
  let head: { file: string; mark: string | null } | null = null;

  /** Into the newest file, whatever an entry's own time is: the order of the lines is the order of the marks. */
  async function appendToAudit(entries: readonly Entries['audit'][]): Promise<void> {
    head ??= await headOf(folder);
    let { file, mark: before } = head;
    for (const [name, some] of Map.groupBy(entries, ({ at }) => `audit-${monthOf(at)}.jsonl`)) {
      if (name > file) file = name;
      const lines = some.map((entry) => {
        const { text, mark: own } = sealed(entry, before, mark);
        before = own;
        return { file, text };
      });
      await appendTo(join(folder, file), lines);
      head = { file, mark: before };
    }
  }

  const appends = groupCommit<Line, void>(async (batch) => {
    const failed = new Map<string, unknown>();
    for (const [file, lines] of Map.groupBy(batch, (line) => line.file)) {
      const audit = lines.flatMap(({ deed }) => deed ?? []);
      const append = audit.length > 0 ? appendToAudit(audit) : appendTo(join(folder, file), lines);
      await append.catch((cause: unknown) => failed.set(file, cause));
    }
    return batch.map(({ file }) =>
      failed.has(file) ? { status: 'rejected', reason: failed.get(file) } : { status: 'fulfilled', value: undefined },
    );
  });

  return {
    async append(journal, entry) {
      if (closed) throw new Failure('stopping');
      const text = textOf(journal, entry);
      const deed = journal === 'audit' ? (entry as Entries['audit']) : undefined;
      await appends.add({ file: deed ? 'audit' : `${journal}-${monthOf(entry.at)}.jsonl`, text, deed });
    },
    async read<J extends Journal>(journal: J, since: number) {
      const entries: Entries[J][] = [];
      for (const file of await filesOf(folder, journal, monthOf(Math.max(0, since))))
        for await (const entry of entriesOf(journal, file)) if (entry.at >= since) entries.push(entry);
      // Whoever appends says when it was, so a line may be older than the one before it.
      return entries.sort((a, b) => a.at - b.at);
    },
    sums: ledgerSums({
      from: async (at) => {
        const files = await filesOf(folder, 'ledger', '');
        const first = files.findIndex((file) => basename(file) >= `ledger-${monthOf(Math.max(0, at))}.jsonl`);
        return files.slice(first === -1 ? -1 : Math.max(0, first - 1));
      },
      bytes: async (path) => sizes.get(path) ?? (await wholeLines(path)) ?? 0,
      entries: (path, start, end) => entriesOf('ledger', path, { start, end }),
    }),
    async *charges({ since, workspace }) {
      const has = workspace === undefined ? '' : JSON.stringify(workspace);
      const recent: string[] = [];
      const known = new Set<string>();
      for (const file of await filesOf(folder, 'ledger', monthOf(Math.max(0, since))))
        for await (const charge of entriesOf('ledger', file, { has })) {
          if (charge.at < since || known.has(charge.id) || (workspace ?? charge.workspace) !== charge.workspace)
            continue;
          known.add(charge.id);
          recent.push(charge.id);
          if (recent.length > RECENT) known.delete(recent.shift() ?? '');
          yield charge;
        }
    },
    async verify() {
      return await verified(await filesOf(folder, 'audit', ''), [...former, mark]);
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
  /** Of the audit, whose lines are marked when their turn comes. */
  readonly deed?: Entries['audit'] | undefined;
}

async function headOf(folder: string): Promise<{ file: string; mark: string | null }> {
  const path = (await filesOf(folder, 'audit', '')).at(-1);
  if (path === undefined) return { file: '', mark: null };
  const size = (await wholeLines(path)) ?? 0;
  let last: string | null = null;
  let read = 0;
  for await (const line of linesOf(path)) {
    read += Buffer.byteLength(line) + 1;
    if (read <= size) last = line;
  }
  return { file: basename(path), mark: last === null ? null : markOf(last) };
}

/** What was marked in a new way is followed by nothing that is marked in an old one. */
async function verified(files: readonly string[], marks: readonly Mark[]): Promise<Seal> {
  let ways = marks;
  let head: string | null = null;
  let entries = 0;
  for (const file of files) {
    const whole = (await wholeLines(file)) ?? 0;
    let read = 0;
    let line = 0;
    for await (const text of linesOf(file)) {
      read += Buffer.byteLength(text) + 1;
      line += 1;
      if (read > whole) break; // the torn end of a crash was never promised to anybody
      const before: string | null = head;
      const faults = ways.map((mark) => faultIn(before, text, mark));
      const way = faults.indexOf(null);
      const why = way < 0 ? (faults.at(-1) ?? null) : null;
      ways = way > 0 ? ways.slice(way) : ways;
      if (why !== null) return { entries, head, broken: { file: basename(file), line, why } };
      head = markOf(text);
      entries += 1;
    }
  }
  return { entries, head, broken: null };
}

function faultIn(before: string | null, text: string, mark: Mark): string | null {
  try {
    return faultAfter(before, text, mark);
  } catch (cause) {
    return `it cannot be read: ${reasonOf(cause)}`;
  }
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
async function* entriesOf<J extends Journal>(
  journal: J,
  file: string,
  /** `has`: lines without it are passed over unread. */
  part: { readonly start?: number; readonly end?: number; readonly has?: string } = {},
): AsyncGenerator<Entries[J]> {
  let bad: { line: number; why: string } | null = null;
  let line = 0;
  for await (const text of linesOf(file, part)) {
    if (bad) throw new Failure('journal_damaged', { file, ...bad });
    line += 1;
    if (part.has !== undefined && !text.includes(part.has)) continue;
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
    const { mark: _, ...entry } = JSON.parse(text) as { mark?: unknown };
    return { entry: ENTRY_SHAPES[journal].parse(entry) };
  } catch (cause) {
    return { why: cause instanceof SyntaxError ? cause.message : `it is no entry of ${journal}` };
  }
}
