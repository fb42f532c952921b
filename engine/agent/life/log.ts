import { appendFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Place } from '../place.ts';
import { lifeFolder } from './living.ts';

/** One line for each event, past tense, with facts. Two files of bounded size; on a full disk there is none. */
export type Log = (event: string, facts?: Readonly<Record<string, unknown>>) => void;

export function openLog(place: Place): Log {
  const file = logFile(place);
  return (event, facts = {}) => {
    try {
      appendFileSync(file, `${JSON.stringify({ at: new Date().toISOString(), event, ...facts })}\n`, { mode: 0o600 });
      if (statSync(file).size > LOG_BYTES) renameSync(file, `${file}.1`);
    } catch {
      // a log is not worth more than the work it tells of
    }
  };
}

export const logFile = (place: Place): string => join(lifeFolder(place), 'log');
const LOG_BYTES = 512 * 1024;
