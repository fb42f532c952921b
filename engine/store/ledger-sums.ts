import type { Charge } from '../domain/journals.ts';
import { type AccountSums, addCharge, addUp, type DaySum, type Sums, type SumsWanted } from '../domain/ledger.ts';
import {
  type AccountName,
  daysIn,
  keepSums,
  lineOf,
  linesIn,
  NO_SUMS,
  namedBy,
  nameOf,
  readSums,
  type SumsFile,
} from './sums-file.ts';

/** What one file of the ledger adds up to, as far as it was read: what lies beside it, and what came since. */
interface Month {
  kept: SumsFile;
  readonly fresh: Map<AccountName, Sums>;
  bytes: number;
  /** The last entries, by name: what a crash made somebody write again stands near its first time. */
  recent: Set<string>;
}

/** An account of a file, and how to get at its days. */
interface Found {
  readonly name: AccountName;
  readonly days: () => readonly DaySum[];
}

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

  async function monthOf(path: string, grows: boolean): Promise<Month> {
    const bytes = await files.bytes(path);
    const known = live?.path === path && live.month.bytes <= bytes ? live.month : null;
    const month = known ?? begun((await readSums(path, bytes)) ?? NO_SUMS);
    if (grows) live = { path, month };
    if (bytes > month.bytes) await catchUp(month, path, bytes);
    if (bytes > month.kept.bytes && (!grows || bytes - month.kept.bytes >= KEPT_AFTER_BYTES)) await fold(month, path);
    return month;
  }

  async function catchUp(month: Month, path: string, bytes: number): Promise<void> {
    const recent = [...month.recent];
    for await (const charge of files.entries(path, month.bytes, bytes)) {
      if (month.recent.has(charge.id)) continue;
      month.recent.add(charge.id);
      recent.push(charge.id);
      const name = nameOf(charge.workspace, charge.owner);
      const sums = month.fresh.get(name) ?? new Map<string, DaySum>();
      month.fresh.set(name, sums);
      addCharge(sums, charge);
    }
    month.recent = new Set(recent.slice(-RECENT));
    month.bytes = bytes;
  }

  return async function* sums({ from, until, workspace }) {
    const all = async (): Promise<readonly (readonly Found[])[]> => {
      const paths = await files.from(from);
      const found: (readonly Found[])[] = [];
      for (const path of paths) found.push(foundIn(await monthOf(path, path === paths.at(-1)), workspace));
      return found;
    };
    const looking = queue.then(all);
    queue = looking.catch(() => undefined);
    const accounts = Map.groupBy((await looking).flat(), ({ name }) => name);
    const rest = restOf();
    for (const key of [...accounts.keys()].sort()) {
      const days = addUp((accounts.get(key) ?? []).flatMap((found) => found.days())).filter(
        ({ day }) => day >= from && day < until,
      );
      const [name, owner] = namedBy(key);
      if (days.length > 0) yield { workspace: name, owner, days };
      await rest();
    }
  };
}

/** So many names are remembered: what is written again after a crash stands near its first time. */
export const RECENT = 1_000;
const KEPT_AFTER_BYTES = 1_000_000;
const BUSY_MS = 8;

const begun = (kept: SumsFile): Month => ({
  kept,
  fresh: new Map(),
  bytes: kept.bytes,
  recent: new Set(kept.recent),
});

/** Others get their turn. */
function restOf(): () => Promise<void> {
  let rested = performance.now();
  return async () => {
    if (performance.now() - rested < BUSY_MS) return;
    await new Promise((resolve) => setImmediate(resolve));
    rested = performance.now();
  };
}

function foundIn({ kept, fresh }: Month, workspace: string | undefined): readonly Found[] {
  const found: Found[] = [];
  for (const { name, line } of linesIn(kept, workspace)) found.push({ name, days: () => daysIn(line) });
  for (const [name, sums] of fresh)
    if (workspace === undefined || namedBy(name)[0] === workspace) found.push({ name, days: () => [...sums.values()] });
  return found;
}

/** What came since goes into the file beside the entries. */
async function fold(month: Month, path: string): Promise<void> {
  const { bytes, recent, fresh } = month;
  const before = new Map([...linesIn(month.kept)].map(({ name, line }) => [name, line]));
  const rest = restOf();
  const lines: Buffer[] = [];
  for (const name of [...new Set([...before.keys(), ...fresh.keys()])].sort()) {
    const [line, came] = [before.get(name), fresh.get(name)];
    const days = came ? [...(line ? daysIn(line) : []), ...came.values()] : [];
    lines.push(line && !came ? line : Buffer.from(lineOf(name, days)), BREAK);
    await rest();
  }
  month.kept = { bytes, recent: [...recent], lines: Buffer.concat(lines) };
  fresh.clear();
  await keepSums(path, month.kept);
}

const BREAK = Buffer.from('\n');
