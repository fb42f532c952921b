import { readFile, rm } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Charge } from '../domain/journals.ts';
import {
  type AccountSums,
  addCharge,
  addSums,
  DAY_MS,
  type DaySum,
  type Sums,
  type SumsWanted,
} from '../domain/ledger.ts';
import { isMissing, renameDurably, writeDurably } from './durable.ts';

/** What one file of the ledger adds up to, as far as it was read. */
interface Month {
  bytes: number;
  /** So much of it is in the file of sums. */
  kept: number;
  /** The last entries, by name: what a crash made somebody write again stands near its first time. */
  recent: Set<string>;
  readonly accounts: Map<string, Sums>;
}

/** An account of a file, and how to get at its days. */
interface Found {
  readonly name: Account;
  readonly days: () => Iterable<DaySum>;
}

type Account = readonly [workspace: string, owner: string];

export interface LedgerFiles {
  /** The files that hold entries of this month and later ones, and one more before, oldest first. */
  from(at: number): Promise<readonly string[]>;
  /** How much of a file is whole. */
  bytes(path: string): Promise<number>;
  entries(path: string, start: number, end: number): AsyncIterable<Charge>;
}

/**
 * Beside each file of the ledger lies what it adds up to, and how far that was read: a report reads sums and the few
 * entries that came since. They are made from the entries, and made anew where they are missing or damaged.
 */
export function ledgerSums(files: LedgerFiles): (wanted: SumsWanted) => AsyncIterable<AccountSums> {
  /** Of the file that still grows. */
  let live: { readonly path: string; readonly month: Month } | null = null;
  let queue: Promise<unknown> = Promise.resolve();

  async function accountsOf(path: string, workspace: string | undefined, grows: boolean): Promise<readonly Found[]> {
    const bytes = await files.bytes(path);
    if (live?.path !== path || live.month.bytes > bytes) {
      const text = await read(sumsPath(path));
      if (text !== null && headOf(text)?.bytes === bytes && !grows) return foundIn(text, workspace);
      const known = text === null ? null : monthIn(text, bytes);
      const month = known ?? { bytes: 0, kept: 0, recent: new Set<string>(), accounts: new Map<string, Sums>() };
      if (!grows) {
        await catchUp(month, path, bytes);
        return foundOf(month, workspace);
      }
      live = { path, month };
    }
    await catchUp(live.month, path, bytes);
    return foundOf(live.month, workspace);
  }

  async function catchUp(month: Month, path: string, bytes: number): Promise<void> {
    if (bytes === month.bytes) return;
    const recent = [...month.recent];
    for await (const charge of files.entries(path, month.bytes, bytes)) {
      if (month.recent.has(charge.id)) continue;
      month.recent.add(charge.id);
      recent.push(charge.id);
      const name = JSON.stringify([charge.workspace, charge.owner] satisfies Account);
      const sums = month.accounts.get(name) ?? new Map<string, DaySum>();
      month.accounts.set(name, sums);
      addCharge(sums, charge);
    }
    month.recent = new Set(recent.slice(-RECENT));
    month.bytes = bytes;
    if (path === live?.path && bytes - month.kept < KEPT_AFTER_BYTES) return;
    await keep(path, month);
    month.kept = bytes;
  }

  return async function* sums({ from, until, workspace }) {
    const all = async (): Promise<readonly (readonly Found[])[]> => {
      const paths = await files.from(from);
      const found: (readonly Found[])[] = [];
      for (const path of paths) found.push(await accountsOf(path, workspace, path === paths.at(-1)));
      return found;
    };
    const looking = queue.then(all);
    queue = looking.catch(() => undefined);
    const accounts = Map.groupBy((await looking).flat(), ({ name }) => JSON.stringify(name));
    let rested = performance.now();
    for (const key of [...accounts.keys()].sort()) {
      const days: Sums = new Map();
      for (const { days: some } of accounts.get(key) ?? [])
        for (const sum of some()) if (sum.day >= from && sum.day < until) addSums(days, sum);
      const [name, owner] = JSON.parse(key) as Account;
      if (days.size > 0) yield { workspace: name, owner, days: [...days.values()].sort((a, b) => a.day - b.day) };
      if (performance.now() - rested < BUSY_MS) continue;
      await new Promise((resolve) => setImmediate(resolve)); // others wait for their turn
      rested = performance.now();
    }
  };
}

/** So many names are remembered from the end of a file on. */
const RECENT = 1_000;
const KEPT_AFTER_BYTES = 1_000_000;
const BUSY_MS = 8;

const sumsPath = (path: string): string => path.replace(/\.jsonl$/, '.sums');

/** The first line says what the rest was made from; then an account a line, in order. */
async function keep(path: string, month: Month): Promise<void> {
  const draft = `${sumsPath(path)}.draft`;
  try {
    await writeDurably(draft, linesOf(path, month));
    await renameDurably(draft, sumsPath(path));
  } catch {
    await rm(draft, { force: true }).catch(() => undefined); // it is read from the entries once more, which costs time only
  }
}

function* linesOf(path: string, { bytes, recent, accounts }: Month): Generator<string> {
  yield `${JSON.stringify({ of: basename(path), schema: SCHEMA, bytes, recent: [...recent] })}\n`;
  for (const [name, sums] of [...accounts].sort(([a], [b]) => (a < b ? -1 : 1)))
    yield `${JSON.stringify([...(JSON.parse(name) as Account), [...sums.values()].map(rowOf)])}\n`;
}

const SCHEMA = 1;

interface Head {
  readonly bytes: number;
  readonly recent: readonly string[];
}

function headOf(text: string): Head | null {
  try {
    const head = JSON.parse(text.slice(0, text.indexOf('\n'))) as Head & { schema: number };
    return head.schema === SCHEMA && text.endsWith('\n') ? head : null;
  } catch {
    return null;
  }
}

/** Null where it cannot be gone on from: the entries are read once more then. */
function monthIn(text: string, bytes: number): Month | null {
  const head = headOf(text);
  if (!head || head.bytes > bytes) return null;
  try {
    const accounts = new Map(
      foundIn(text, undefined).map(({ name, days }) => [
        JSON.stringify(name),
        new Map([...days()].map((sum) => [`${sum.day} ${sum.for}`, sum])),
      ]),
    );
    return { bytes: head.bytes, kept: head.bytes, recent: new Set(head.recent), accounts };
  } catch {
    return null;
  }
}

function foundOf({ accounts }: Month, workspace: string | undefined): readonly Found[] {
  return [...accounts]
    .map(([name, sums]) => ({ name: JSON.parse(name) as Account, days: () => sums.values() }))
    .filter(({ name }) => workspace === undefined || name[0] === workspace);
}

function foundIn(text: string, workspace: string | undefined): readonly Found[] {
  const begins = workspace === undefined ? '[' : `[${JSON.stringify(workspace)},`;
  return text
    .split('\n')
    .slice(1)
    .filter((line) => line.startsWith(begins))
    .map((line) => ({
      name: JSON.parse(`${line.slice(0, line.indexOf(',[['))}]`) as Account,
      days: () => (JSON.parse(line) as [string, string, Row[]])[2].map(sumOf),
    }));
}

type Row = readonly [
  day: number,
  purpose: DaySum['for'],
  metered: number,
  settled: number,
  charged: number,
  ...ran: readonly number[],
];

function rowOf(sum: DaySum): Row {
  const ran = sum.for === 'gpu' ? [sum.ms, sum.marketMicro, sum.marketMs] : [];
  return [sum.day / DAY_MS, sum.for, sum.meteredMicro, sum.settledMicro, sum.chargedMicro, ...ran];
}

function sumOf([
  day,
  purpose,
  meteredMicro,
  settledMicro,
  chargedMicro,
  ms = 0,
  market = 0,
  marketMs = 0,
]: Row): DaySum {
  return {
    day: day * DAY_MS,
    for: purpose,
    meteredMicro,
    settledMicro,
    chargedMicro,
    ms,
    marketMicro: market,
    marketMs,
  };
}

async function read(path: string): Promise<string | null> {
  return await readFile(path, 'utf8').catch((cause: unknown) => {
    if (isMissing(cause)) return null;
    throw cause;
  });
}
