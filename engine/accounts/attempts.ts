const FREE = 5;
const BASE_MS = 1_000;
const WAIT_MS_MAX = 60_000;
/** After this long without one, earlier failures are forgotten. */
const FORGET_MS = 60 * 60_000;
/** Names that a stranger makes up must not fill our memory. */
const NAMES_MAX = 10_000;

/** Slows down whoever guesses: after a few free tries the wait doubles with every failure. */
export interface Attempts {
  /**
   * One more try, which counts as failed until it is taken back: of many that come at the same moment no more get through than
   * one after the other. Returns for how long it is too early; then it does not count.
   */
  begin(key: string): number;
  /** It went well after all. */
  takeBack(key: string): void;
  forget(key: string): void;
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
    begin(key) {
      const { failures, at } = recent(key) ?? { failures: 0, at: now() };
      const waitMs = at + waitOf(failures) - now();
      if (waitMs > 0) return waitMs;
      known.delete(key); // the one that came last stands last
      known.set(key, { failures: failures + 1, at: now() });
      for (const oldest of known.keys()) {
        if (known.size <= NAMES_MAX) break;
        known.delete(oldest);
      }
      return 0;
    },
    takeBack(key) {
      const row = known.get(key);
      if (row && row.failures > 1) row.failures -= 1;
      else known.delete(key);
    },
    forget: (key) => void known.delete(key),
  };
}
