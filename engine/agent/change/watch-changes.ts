import type { SaveOrder } from '../../domain/agent-protocol.ts';
import { rawPath } from '../../domain/wire-path.ts';
import type { Place } from '../place.ts';
import { scopeOf } from '../scope.ts';
import { foldersMax } from './folders-max.ts';
import { noteChanges } from './noted-changes.ts';
import { type Difference, differing } from './walk-memory.ts';
import { type FolderWatch, watchFolders } from './watch-folders.ts';
import { watchMissing } from './watch-missing.ts';

/** Which files a backup is about. */
export type Wanted = Pick<SaveOrder, 'include' | 'exclude' | 'fileBytesMax'>;

/** What is known to have changed since the last backup that is in storage. */
export interface Changes extends Disposable {
  /** inotify is a hint that comes at once; with `walks` alone nothing is known until somebody looks. */
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
  /** Fewer than the system gives, for a machine that shall have none. */
  readonly foldersMax?: number;
}

/** How often to `look` where inotify hints; where it is not to be had, before each backup that the plan wants. */
export const LOOK_EVERY_MS = 10 * 60_000;

/**
 * Begins with a look, and rejects as that does. Once everything is watched it looks again by itself, for what changed in
 * between; and so it does when an ignore file was changed.
 */
export async function watchChanges(
  place: Place,
  wanted: Wanted,
  how: WatchingHow,
  signal: AbortSignal,
): Promise<Changes> {
  const changes = noteChanges();
  const listeners: (() => void)[] = [];
  const over = new AbortController();
  let folders: FolderWatch | null = null;
  let missing: Disposable | null = null;
  let news = true; // the next thing seen is one to tell
  let otherRules = false;
  let last: Promise<unknown> = Promise.resolve();

  const tell = (): void => {
    if (!news || changes.changedAt() === null) return;
    news = false;
    for (const listener of listeners) listener();
  };
  const seen = (path: string): void => {
    changes.note(path, how.now());
    tell();
  };
  const openWatch = (): FolderWatch =>
    watchFolders(place, {
      matcher: scopeOf(place, wanted).matcher,
      foldersMax: how.foldersMax ?? foldersMax(),
      onSeen: seen,
      onRules: lookSoon,
      onRefused: () => {
        folders = null;
      },
    });
  const watchAll = (wire: readonly string[] | null): void => {
    const before = folders;
    if (wire === null) folders = null;
    else if (otherRules || !folders) folders = openWatch();
    otherRules = false;
    folders?.become((wire ?? []).map(rawPath));
    missing?.[Symbol.dispose]();
    missing = folders && watchMissing(place, scopeOf(place, wanted).roots, lookBeside);
    if (before !== folders) before?.[Symbol.dispose](); // only now, so that nothing is missed in between
  };
  const lookOnce = async (stop: AbortSignal): Promise<void> => {
    stop.throwIfAborted();
    const mark = changes.mark();
    const found = await how.startLook(stop);
    stop.throwIfAborted();
    changes.settle(mark, differing(found), how.now());
    if (changes.changedAt() === null) news = true;
    tell();
    watchAll(found.folders);
  };
  /** One after the other: two at once would only tell the same. */
  const look = (stop: AbortSignal): Promise<void> => {
    const next = last.then(() => lookOnce(AbortSignal.any([stop, over.signal])));
    last = next.catch(() => undefined);
    return next;
  };
  const lookBeside = (): void => {
    look(over.signal).catch(() => undefined); // the next look meets the same, and says it
  };
  const lookSoon = (): void => {
    if (otherRules) return;
    otherRules = true;
    lookBeside();
  };

  await look(signal);
  if (folders) lookBeside();
  return {
    get by() {
      return folders === null ? 'walks' : 'inotify';
    },
    changedAt: changes.changedAt,
    filesPending: changes.count,
    beginBackup() {
      changes.setAside();
      news = true;
      folders?.cool();
    },
    backedUp: changes.drop,
    backupFailed() {
      changes.putBack();
      tell();
    },
    onChange: (listener) => void listeners.push(listener),
    look,
    [Symbol.dispose]() {
      over.abort(new Error('nobody asks for changes any more'));
      folders?.[Symbol.dispose]();
      folders = null;
      missing?.[Symbol.dispose]();
      listeners.length = 0;
    },
  };
}
