/**
 * What is known to have changed and not to be in a finished backup. A backup sets it aside: what is noted from then on
 * counts for the next one, and when it fails, what was set aside counts again.
 */
export interface NotedChanges {
  changedAt(): number | null;
  count(): number;
  note(path: string, at: number): void;
  setAside(): void;
  drop(): void;
  putBack(): void;
  /** Replaces what was noted up to `mark` by what a walk found that began then; null: something was set aside meanwhile. */
  mark(): Mark;
  settle(mark: Mark, count: number, at: number): void;
}

/** A moment, to which a walk that began then can be compared. */
export interface Mark {
  readonly noted: number;
  readonly turn: number;
}

interface Batch {
  firstAt: number | null;
  /** Each path with when it was last noted, counted. The oldest are only counted when there are too many. */
  readonly paths: Map<string, number>;
  /** Besides the paths: found by a walk, or too many to keep. */
  others: number;
}

export function noteChanges(): NotedChanges {
  let now = emptyBatch();
  let aside: Batch | null = null;
  let noted = 0;
  let turn = 0;
  return {
    changedAt: () => earlier(now.firstAt, aside?.firstAt ?? null),
    count: () => {
      const more = aside ? [...aside.paths.keys()].filter((path) => !now.paths.has(path)).length + aside.others : 0;
      return now.paths.size + now.others + more;
    },
    note(path, at) {
      noted += 1;
      now.firstAt ??= at;
      if (now.paths.size < PATHS_MAX || now.paths.has(path)) now.paths.set(path, noted);
      else now.others += 1;
    },
    setAside() {
      turn += 1;
      aside = aside ? joined(aside, now) : now;
      now = emptyBatch();
    },
    drop() {
      turn += 1;
      aside = null;
    },
    putBack() {
      turn += 1;
      if (aside) now = joined(aside, now);
      aside = null;
    },
    mark: () => ({ noted, turn }),
    settle(mark, count, at) {
      // A backup began or ended meanwhile, so nobody knows which of the two the walk was compared with.
      if (mark.turn !== turn || aside) return;
      for (const [path, when] of now.paths) if (when <= mark.noted) now.paths.delete(path);
      now.others = count;
      if (count === 0 && now.paths.size === 0) now.firstAt = null;
      else now.firstAt ??= at;
    },
  };
}

const emptyBatch = (): Batch => ({ firstAt: null, paths: new Map(), others: 0 });

function joined(old: Batch, young: Batch): Batch {
  return {
    firstAt: earlier(old.firstAt, young.firstAt),
    paths: new Map([...old.paths, ...young.paths]),
    others: old.others + young.others,
  };
}

function earlier(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.min(a, b);
}

/** So that a storm of changes costs no memory. */
const PATHS_MAX = 10_000;
