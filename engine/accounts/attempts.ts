import { Failure } from '../domain/failures.ts';

const FREE = 5;
const BASE_MS = 1_000;
const WAIT_MS_MAX = 60_000;
/** After this long without one, earlier failures are forgotten. */
const FORGET_MS = 60 * 60_000;
/** Names that a stranger makes up must not fill our memory. */
const NAMES_MAX = 10_000;

/** Slows down whoever guesses, by name and by address: after a few free tries the wait doubles with every failure. */
export interface Attempts {
  /** Rejects with `too_many_attempts` while it is too early. */
  check(keys: readonly string[]): void;
  failed(keys: readonly string[]): void;
  succeeded(keys: readonly string[]): void;
}

export function countAttempts(now: () => number): Attempts {
  const known = new Map<string, { failures: number; at: number }>();
  const waitOf = (failures: number): number =>
    failures < FREE ? 0 : Math.min(WAIT_MS_MAX, BASE_MS * 2 ** (failures - FREE));

  function recent(key: string): { failures: number; at: number } | null {
    const row = known.get(key);
    if (!row) return null;
    if (now() - row.at < FORGET_MS) return row;
    known.delete(key);
    return null;
  }

  return {
    check(keys) {
      const waits = keys.map((key) => {
        const row = recent(key);
        return row ? row.at + waitOf(row.failures) - now() : 0;
      });
      const waitMs = Math.max(0, ...waits);
      if (waitMs > 0) throw new Failure('too_many_attempts', { seconds: Math.ceil(waitMs / 1_000) });
    },
    failed(keys) {
      for (const key of keys) {
        const failures = (recent(key)?.failures ?? 0) + 1;
        known.delete(key); // the one that failed last stands last
        known.set(key, { failures, at: now() });
      }
      for (const oldest of known.keys()) {
        if (known.size <= NAMES_MAX) break;
        known.delete(oldest);
      }
    },
    succeeded(keys) {
      for (const key of keys) known.delete(key);
    },
  };
}
