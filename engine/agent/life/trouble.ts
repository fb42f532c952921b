import type { Log } from './log.ts';
import { upMs } from './moment.ts';
import { retryMs } from './next-backup.ts';

/** What went wrong with backups lately, and when the next one is worth a try. */
export interface Trouble {
  failed(why: string): void;
  /** One came to its end, or nothing is to be saved any more. */
  over(): void;
  /** Something is wrong that does not stop the backups. */
  complain(why: string): void;
  /** What made it fail may be gone. */
  tryNow(): void;
  failures(): number;
  why(): string | null;
  /** When the last one failed. */
  failedAt(): number | null;
  retryAt(): number | null;
}

export function openTrouble(planMs: () => number, log: Log): Trouble {
  let failures = 0;
  let why: string | null = null;
  let failedAt: number | null = null;
  let retryAt: number | null = null;
  return {
    failed(reason) {
      failures += 1;
      why = reason;
      failedAt = upMs();
      retryAt = failedAt + retryMs(failures, planMs());
      log('backup.failed', { why, failures }, 'WARNING');
    },
    over() {
      failures = 0;
      why = null;
      failedAt = null;
      retryAt = null;
    },
    complain(reason) {
      why = reason;
    },
    tryNow() {
      retryAt = null;
    },
    failures: () => failures,
    why: () => why,
    failedAt: () => failedAt,
    retryAt: () => retryAt,
  };
}
