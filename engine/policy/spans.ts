import { byAge, type Snapshot } from '../domain/snapshot.ts';

export interface LastInEach {
  /** Of all: the next backup compares with it. */
  readonly id: string | null;
  /** The last good one in the same span of time that goes on from the same work, if that is another one. */
  after(snapshot: Snapshot, everyMs: number): Snapshot | null;
  /** Whether such a one may still come. */
  mayCome(snapshot: Snapshot, everyMs: number, now: number): boolean;
}

/**
 * Spans of time begin at fixed moments, not at now, and each holds whole ones of the shorter: so what is the last of a day is
 * the last of its hour, and thinning often leaves the same as thinning once. What somebody went back from is in no snapshot
 * of a later claim, so those of before and of after have spans of their own.
 */
export function lastInEach(snapshots: readonly Snapshot[]): LastInEach {
  const there = snapshots.filter(({ leaving }) => leaving === null).toSorted(byAge);
  const automatic = there
    .filter(({ kind }) => kind === 'automatic')
    .toSorted((a, b) => timeOf(b) - timeOf(a) || b.sequence - a.sequence);
  const breaks = new Set(there.flatMap(({ setAside, epoch }) => (setAside ? [epoch] : [])));
  const spanOf = (one: Snapshot, everyMs: number): string => {
    const before = [...breaks].filter((epoch) => epoch < one.epoch).length;
    return `${before} ${Math.floor(timeOf(one) / everyMs)}`;
  };
  const ends = looseEnds(there);
  const found = new Map<number, Map<string, Snapshot>>();
  const lasts = (everyMs: number): Map<string, Snapshot> => {
    const known = found.get(everyMs);
    if (known) return known;
    const spans = new Map<string, Snapshot>();
    for (const one of automatic) {
      const span = spanOf(one, everyMs);
      const standing = spans.get(span);
      if (!standing || (!isGood(standing) && isGood(one))) spans.set(span, one);
    }
    found.set(everyMs, spans);
    return spans;
  };
  return {
    id: snapshots.toSorted((a, b) => b.sequence - a.sequence)[0]?.id ?? null,
    after(snapshot, everyMs) {
      if (ends.has(snapshot.id)) return null;
      const standing = lasts(everyMs).get(spanOf(snapshot, everyMs)) ?? snapshot;
      return standing.id === snapshot.id ? null : standing;
    },
    mayCome(snapshot, everyMs, now) {
      if ([...breaks].some((epoch) => epoch >= snapshot.epoch)) return false;
      return ends.has(snapshot.id) || (Math.floor(timeOf(snapshot) / everyMs) + 1) * everyMs > now;
    },
  };
}

/** The last of a claim, where no wake starts from it because it is not good: it may hold what no later one does. */
function looseEnds(newestFirst: readonly Snapshot[]): ReadonlySet<string> {
  const ends = new Map<number, Snapshot>();
  for (const one of newestFirst) if (!ends.has(one.epoch)) ends.set(one.epoch, one);
  return new Set([...ends.values()].flatMap((one) => (isGood(one) ? [] : [one.id])));
}

export const timeOf = ({ completedAt, createdAt }: Snapshot): number => completedAt ?? createdAt;
const isGood = ({ partial, provedAt }: Snapshot): boolean => !partial && provedAt !== null;
