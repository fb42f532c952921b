import type { Savings } from '../engine/domain/savings.ts';
import { csvName, savingsCsv } from '../engine/domain/savings-csv.ts';
import type { FileOf } from './discord/message.ts';

/** The same figures for spreadsheets. */
export function csvOf(savings: Savings): FileOf {
  return { name: csvName(savings), type: 'text/csv', bytes: Buffer.from(savingsCsv(savings)) };
}
