import { appendFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { AgentLine } from '../../domain/heartbeat.ts';
import type { Level } from '../../domain/log.ts';
import type { Place } from '../place.ts';
import { lifeFolder } from './living.ts';

/** One line for each event, past tense, with facts. */
export type Log = (event: string, facts?: Readonly<Record<string, unknown>>, level?: Level) => void;

export interface KeptLog {
  /** Into two files of bounded size; on a full disk there is none. */
  readonly log: Log;
  /** What the engine has not heard of yet, as much as one heartbeat carries. */
  unsaid(): readonly AgentLine[];
  /** It has all up to this number. */
  said(number: number): void;
}

export function openLog(place: Place): KeptLog {
  const file = logFile(place);
  let number = 0;
  let waiting: readonly AgentLine[] = [];
  return {
    log(event, facts = {}, level = 'INFO') {
      const at = Date.now();
      number += 1;
      waiting = [...waiting, { number, at, level, event, facts }].slice(-WAITING_MAX);
      const line = { at: new Date(at).toISOString(), level, event, ...facts };
      try {
        appendFileSync(file, `${JSON.stringify(line)}\n`, { mode: 0o600 });
        if (statSync(file).size > LOG_BYTES) renameSync(file, `${file}.1`);
      } catch {
        // a log is not worth more than the work it tells of
      }
    },
    unsaid() {
      let bytes = 0;
      return waiting.filter((line) => {
        bytes += JSON.stringify(line).length;
        return bytes < SAID_BYTES;
      });
    },
    said(heard) {
      waiting = waiting.filter((line) => line.number > heard);
    },
  };
}

export const logFile = (place: Place): string => join(lifeFolder(place), 'log');
const LOG_BYTES = 512 * 1024;
/** An engine that stays away hears the last of them when it comes back. */
const WAITING_MAX = 500;
const SAID_BYTES = 32_000;
