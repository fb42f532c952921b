import { readFile, rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { CHARGED_FOR } from '../domain/journals.ts';
import { addUp, DAY_MS, type DaySum } from '../domain/ledger.ts';
import { isMissing, renameDurably, writeDurably } from './durable.ts';

/** An account by name, as its line begins with it: `"lab","ana"`. */
export type AccountName = string;

/**
 * What a file of the ledger adds up to: how far it was read, the last names that were met there, and then an account a
 * line, in the order of their names. A line is read only when somebody asks for it.
 */
export interface SumsFile {
  readonly bytes: number;
  readonly recent: readonly string[];
  readonly lines: Buffer;
}

export const NO_SUMS: SumsFile = { bytes: 0, recent: [], lines: Buffer.alloc(0) };

export interface AccountLine {
  readonly name: AccountName;
  readonly line: Buffer;
}

const sumsPath = (path: string): string => path.replace(/\.jsonl$/, '.sums');

/** Null where there are none, or none that can be gone on from: they are made from the entries once more then. */
export async function readSums(path: string, bytes: number): Promise<SumsFile | null> {
  const content = await readFile(sumsPath(path)).catch((cause: unknown) => {
    if (isMissing(cause)) return null;
    throw cause;
  });
  if (content?.at(-1) !== NEWLINE) return null;
  try {
    const end = content.indexOf(NEWLINE);
    const head = JSON.parse(content.toString('utf8', 0, end)) as SumsFile & { readonly schema: number };
    if (head.schema !== SCHEMA || head.bytes > bytes) return null;
    return { bytes: head.bytes, recent: head.recent, lines: content.subarray(end + 1) };
  } catch {
    return null;
  }
}

/** That it could not be kept costs time only: it is read from the entries once more. */
export async function keepSums(path: string, { bytes, recent, lines }: SumsFile): Promise<void> {
  const draft = `${sumsPath(path)}.draft`;
  try {
    const head = `${JSON.stringify({ of: basename(path), schema: SCHEMA, bytes, recent })}\n`;
    await writeDurably(draft, [head, lines]);
    await renameDurably(draft, sumsPath(path));
  } catch {
    await rm(draft, { force: true }).catch(() => undefined);
  }
}

/** Of all accounts, or of those of one workspace, which stand together. */
export function* linesIn({ lines }: SumsFile, workspace?: string): Generator<AccountLine> {
  const begins = workspace === undefined ? '[' : `[${JSON.stringify(workspace)},`;
  for (let at = startOf(lines, begins); at !== -1 && at < lines.length; ) {
    const end = lines.indexOf(NEWLINE, at);
    const line = lines.subarray(at, end);
    if (workspace !== undefined && line.toString('utf8', 0, Buffer.byteLength(begins)) !== begins) return;
    yield { name: line.toString('utf8', 1, line.lastIndexOf(NUMBERS)), line };
    at = end + 1;
  }
}

/** Line breaks inside names are written as `\n`, so each that stands here begins a line. */
function startOf(lines: Buffer, begins: string): number {
  if (lines.toString('utf8', 0, Buffer.byteLength(begins)) === begins) return 0;
  const before = lines.indexOf(`\n${begins}`);
  return before === -1 ? -1 : before + 1;
}

export const nameOf = (workspace: string, owner: string): AccountName =>
  JSON.stringify([workspace, owner]).slice(1, -1);

export const namedBy = (name: AccountName): readonly [workspace: string, owner: string] => JSON.parse(`[${name}]`);

export function daysIn(line: Buffer): readonly DaySum[] {
  const numbers = JSON.parse(line.toString('utf8', line.lastIndexOf(NUMBERS) + 1, line.length - 1)) as number[];
  const days: DaySum[] = [];
  for (let i = 0; i < numbers.length; i += 8)
    days.push({
      day: numbers[i]! * DAY_MS,
      for: CHARGED_FOR[numbers[i + 1]!]!,
      meteredMicro: numbers[i + 2]!,
      settledMicro: numbers[i + 3]!,
      chargedMicro: numbers[i + 4]!,
      ms: numbers[i + 5]!,
      marketMicro: numbers[i + 6]!,
      marketMs: numbers[i + 7]!,
    });
  return days;
}

/** Numbers only, one day after the other: that reads three times as fast as a row for each. */
export function lineOf(name: AccountName, days: readonly DaySum[]): string {
  const numbers = addUp(days).flatMap((sum) => [
    sum.day / DAY_MS,
    CHARGED_FOR.indexOf(sum.for),
    ...[sum.meteredMicro, sum.settledMicro, sum.chargedMicro],
    ...[sum.ms, sum.marketMicro, sum.marketMs],
  ]);
  return `[${name},${JSON.stringify(numbers)}]`;
}

const NEWLINE = 10;
/** Behind the last of these there are numbers only, whatever a name holds. */
const NUMBERS = ',[';
/** Changes with what is in the file, and with `CHARGED_FOR`. */
const SCHEMA = 2;
