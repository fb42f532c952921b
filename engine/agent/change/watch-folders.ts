import { type FSWatcher, watch } from 'node:fs';
import { codeOf } from '../durable.ts';
import { IGNORE_FILE } from '../ignore-files.ts';
import { foldersIn, statIfAny } from '../look-at.ts';
import type { Matcher } from '../matcher.ts';
import type { Place } from '../place.ts';

/** Directories under inotify. Paths are raw. */
export interface FolderWatch extends Disposable {
  /** Watches these, and lets go of all others. */
  become(folders: readonly string[]): void;
  /** Directories that had their say are listened to again. */
  cool(): void;
  readonly size: number;
}

export interface WatchedHow {
  /** By the rules as they are now. */
  readonly matcher: Matcher;
  readonly foldersMax: number;
  /** Something that belongs to the backup is not what it was. */
  onSeen(path: string): void;
  /** An ignore file is not what it was. */
  onRules(): void;
  /** The system gives no more watches, or there are more directories than we take; nothing is watched any more. */
  onRefused(): void;
}

/**
 * One watch for each directory. `fs.watch` can be told to watch what is below too, but then takes one for each file. A
 * directory that had many events since the last backup is known to have changed, and more of them would only cost time: it is
 * let go until the next one.
 */
export function watchFolders(place: Place, how: WatchedHow): FolderWatch {
  const watched = new Map<string, Watched>();
  const hot = new Set<string>();
  const fresh: string[] = [];
  let scanning: NodeJS.Immediate | null = null;
  let over = false;

  const stop = (): void => {
    over = true;
    for (const one of watched.values()) one.watcher.close();
    watched.clear();
    hot.clear();
    fresh.length = 0;
    if (scanning) clearImmediate(scanning);
  };
  const refuse = (): void => {
    stop();
    how.onRefused();
  };
  const letGo = (path: string): void => {
    hot.delete(path);
    watched.get(path)?.watcher.close();
    watched.delete(path);
  };
  const listen = (path: string): boolean => {
    if (over || watched.has(path)) return !over;
    if (watched.size + hot.size >= how.foldersMax) {
      refuse();
      return false;
    }
    try {
      const watcher = watch(place.at(path), { encoding: 'latin1' }, (_event, name) => hear(path, name));
      watcher.on('error', () => letGo(path));
      watched.set(path, { watcher, events: 0 });
      return true;
    } catch (cause) {
      if (NO_MORE.has(codeOf(cause))) refuse();
      return false; // it went meanwhile
    }
  };

  const hear = (folder: string, name: string | null): void => {
    const one = watched.get(folder);
    if (!one || name === null) return;
    const path = `${folder}/${name}`;
    const stat = statIfAny(place, path);
    const directory = stat?.isDirectory() ?? watched.has(path);
    if (stat?.isSocket()) return;
    if (name === IGNORE_FILE) how.onRules();
    // Of what is gone nobody knows what it was: as a directory it may have been left out.
    if (how.matcher(path, directory) || (!stat && !directory && how.matcher(path, true))) return;
    if (!stat) letGo(path);
    else if (directory && !watched.has(path) && !hot.has(path)) discover(path);
    how.onSeen(path);
    one.events += 1;
    if (one.events < HOT_EVENTS || !watched.has(folder)) return;
    letGo(folder);
    hot.add(folder);
  };

  /** What was put into a new directory before it was watched is found by looking into it. */
  const discover = (path: string): void => {
    fresh.push(path);
    scanning ??= setImmediate(scanSome);
  };
  const scanSome = (): void => {
    scanning = null;
    for (let scanned = 0; scanned < SLICE; scanned++) {
      const path = fresh.pop();
      if (path === undefined) return;
      if (!listen(path)) continue;
      for (const name of foldersIn(place, path)) {
        const below = `${path}/${name}`;
        if (!watched.has(below) && !hot.has(below) && !how.matcher(below, true)) fresh.push(below);
      }
    }
    scanning = setImmediate(scanSome);
  };

  return {
    become(folders) {
      const wanted = new Set(folders);
      for (const path of [...watched.keys(), ...hot]) if (!wanted.has(path)) letGo(path);
      for (const path of folders) if (!hot.has(path) && !listen(path) && over) return;
    },
    cool() {
      const paths = [...hot];
      hot.clear();
      for (const one of watched.values()) one.events = 0;
      for (const path of paths) if (listen(path)) discover(path);
    },
    get size() {
      return watched.size + hot.size;
    },
    [Symbol.dispose]: stop,
  };
}

interface Watched {
  readonly watcher: FSWatcher;
  /** Since the last backup began. */
  events: number;
}

const NO_MORE: ReadonlySet<string> = new Set(['ENOSPC', 'EMFILE', 'ENFILE', 'ENOSYS', 'ENOMEM']);
const HOT_EVENTS = 64;
/** Directories looked into between two turns of everything else. */
const SLICE = 64;
