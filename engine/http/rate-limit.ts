import { Failure } from '../domain/failures.ts';

/** So many at once, and then so many a second. */
export interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

/** Whoever has an account, and a whole address without one: enough for people and their programs. */
export const KNOWN: Rate = { burst: 200, perSecond: 50 };
export const STRANGERS: Rate = { burst: 40, perSecond: 4 };

const NAMES_MAX = 20_000;

/** A bucket of drops for each name: full at first, one drop a request, refilled as time goes by. */
export function limitRate(now: () => number) {
  const buckets = new Map<string, { drops: number; at: number }>();

  /** Rejects with `too_many_requests`, and when to come back. */
  return (name: string, { burst, perSecond }: Rate): void => {
    const at = now();
    const known = buckets.get(name);
    const drops = known ? Math.min(burst, known.drops + ((at - known.at) / 1_000) * perSecond) : burst;
    buckets.delete(name); // whoever came last stands last
    buckets.set(name, { drops: Math.max(0, drops - 1), at });
    for (const oldest of buckets.keys()) {
      if (buckets.size <= NAMES_MAX) break;
      buckets.delete(oldest);
    }
    if (drops < 1) throw new Failure('too_many_requests', { seconds: Math.max(1, Math.ceil((1 - drops) / perSecond)) });
  };
}
