import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { readIfThere, writeWhole } from '../../files/whole-file.ts';
import { endedAt, endedOnes, forgetEnded } from './ended.ts';

/** From when on a rental costs how much; a stopped machine costs only its disk. */
const Rate = z.object({ from: z.number(), dollarsPerHour: z.number() });

const Rental = z.object({
  instance: z.string(),
  label: z.string(),
  offer: z.string(),
  physical: z.string(),
  diskGb: z.number(),
  from: z.number(),
  until: z.number().nullable(),
  stopped: z.boolean(),
  rates: z.array(Rate),
  gpu: z.object({ utilizationPercent: z.number(), memoryUsedMb: z.number() }),
});
export type Rental = z.infer<typeof Rental>;

/** Who misbehaves: an instance, an offer, a physical machine, or `market` for everybody. */
const Rule = z.object({ on: z.string(), mode: z.string(), probability: z.number() });
export type Rule = z.infer<typeof Rule>;

const Ledger = z.object({
  seed: z.string(),
  /** The number of the next instance. */
  next: z.number(),
  /** How often each physical machine was rented: its offers are named after that. */
  taken: z.record(z.string(), z.number()),
  rules: z.array(Rule),
  /** Those that bill, and those that ended a short while ago. */
  rentals: z.array(Rental),
});
export type Ledger = z.infer<typeof Ledger>;

export interface LedgerFile {
  read(): Ledger;
  /** Reads, changes and writes in one go, so that nothing comes between. */
  change<T>(work: (ledger: Ledger) => T): T;
  /** Every rental there ever was. */
  rentals(): readonly Rental[];
}

/** What the marketplace knows of its account, on disk. It is read anew each time: whoever comes next finds all of it. */
export function ledgerFile(folder: string, seed: string, now: () => number): LedgerFile {
  const file = join(folder, 'market.json');
  const past = join(folder, 'bill.jsonl');
  mkdirSync(folder, { recursive: true });

  const read = (): Ledger => {
    const text = readIfThere(file);
    if (text === null) return { seed, next: FIRST, taken: {}, rules: [], rentals: [] };
    return withEnded(Ledger.parse(JSON.parse(text)), folder);
  };
  return {
    read,
    change(work) {
      const ledger = read();
      const result = work(ledger);
      const old = ledger.rentals.filter((rental) => rental.until !== null && rental.until < now() - KEPT_MS);
      if (old.length > 0) appendFileSync(past, old.map((rental) => `${JSON.stringify(rental)}\n`).join(''));
      writeWhole(
        file,
        JSON.stringify({ ...ledger, rentals: ledger.rentals.filter((rental) => !old.includes(rental)) }),
      );
      for (const { instance } of old) forgetEnded(folder, instance);
      return result;
    },
    rentals() {
      const lines = (readIfThere(past) ?? '').split('\n').filter((line) => line !== '');
      const all = [...lines.map((line) => Rental.parse(JSON.parse(line))), ...read().rentals];
      // A crash between the two writes leaves a rental in both.
      return [...new Map(all.map((rental) => [rental.instance, rental])).values()];
    },
  };
}

/** A machine that ended itself bills until that moment, whoever learns of it when. */
function withEnded(ledger: Ledger, folder: string): Ledger {
  for (const instance of endedOnes(folder)) {
    const rental = ledger.rentals.find((candidate) => candidate.instance === instance);
    if (rental) rental.until ??= endedAt(folder, instance);
    ledger.rules = ledger.rules.filter(({ on }) => on !== instance);
  }
  return ledger;
}

const FIRST = 4_100_001;
/** Longer than any list lags behind. */
const KEPT_MS = 10 * 60_000;
