import type { SaveOrder } from '../../domain/agent-protocol.ts';
import type { Place } from '../place.ts';
import { noteChanges } from './noted-changes.ts';
import { type Difference, differing } from './walk-memory.ts';

/** Which files a backup is about. */
export type Wanted = Pick<SaveOrder, 'include' | 'exclude' | 'fileBytesMax'>;

/** What is known to have changed since the last backup that is in storage. */
export interface Changes extends Disposable {
  /** inotify is a hint that comes at once; `walks` alone, and nothing is known until somebody looks. */
  readonly by: 'inotify' | 'walks';
  /** When the first of it was seen; null when nothing is known to have changed. */
  changedAt(): number | null;
  /** About how many. */
  filesPending(): number;
  /** To be called before a backup looks at the first file: what is seen from then on counts for the next one. */
  beginBackup(): void;
  backedUp(): void;
  backupFailed(): void;
  /** Called when something is known to have changed after nothing was, or after a backup began. */
  onChange(listener: () => void): void;
  /** Compares every file with the last backup, in a process of its own. What inotify does not tell is found by this alone. */
  look(signal: AbortSignal): Promise<void>;
}

export interface WatchingHow {
  /** See `lookWith`. */
  startLook(signal: AbortSignal): Promise<Difference>;
  now(): number;
}

/** How often to `look` where inotify hints; where it is not to be had, before each backup that the plan wants. */
export const LOOK_EVERY_MS = 10 * 60_000;

/** Begins with a first look, and rejects as that does. */
export async function watchChanges(
  _place: Place,
  _wanted: Wanted,
  how: WatchingHow,
  signal: AbortSignal,
): Promise<Changes> {
  const changes = noteChanges();
  const listeners: (() => void)[] = [];
  const look = async (stop: AbortSignal): Promise<void> => {
    const mark = changes.mark();
    const before = changes.changedAt();
    const found = await how.startLook(stop);
    changes.settle(mark, differing(found), how.now());
    if (before === null && changes.changedAt() !== null) for (const listener of listeners) listener();
  };
  await look(signal);
  return {
    by: 'walks',
    changedAt: changes.changedAt,
    filesPending: changes.count,
    beginBackup: changes.setAside,
    backedUp: changes.drop,
    backupFailed: changes.putBack,
    onChange: (listener) => void listeners.push(listener),
    look,
    [Symbol.dispose]: () => void listeners.splice(0),
  };
}
