import { type FSWatcher, watch } from 'node:fs';
import { statIfAny } from '../look-at.ts';
import type { Place } from '../place.ts';

/**
 * Listens for backed-up directories that are not there yet, in the nearest directory above each that is. `onMade` is called
 * when a part of the way to one was made.
 */
export function watchMissing(place: Place, roots: readonly string[], onMade: () => void): Disposable {
  const wanted = Map.groupBy(
    roots.map((root) => nextOf(place, root)).filter((next) => next !== null),
    ({ above }) => above,
  );
  const watchers = [...wanted].map(([above, nexts]) => {
    const names = new Set(nexts.map(({ name }) => name));
    return listen(place, above, (name) => {
      if (names.has(name) && statIfAny(place, above === '' ? name : `${above}/${name}`)) onMade();
    });
  });
  return {
    [Symbol.dispose]() {
      for (const watcher of watchers) watcher?.close();
    },
  };
}

/** The first part of its path that is missing; null when it is there. */
function nextOf(place: Place, root: string): { readonly above: string; readonly name: string } | null {
  const parts = root.split('/');
  for (let depth = 0; depth < parts.length; depth++) {
    const path = parts.slice(0, depth + 1).join('/');
    if (!statIfAny(place, path)) return { above: parts.slice(0, depth).join('/'), name: parts[depth]! };
  }
  return null;
}

/** Null where no more can be watched: the next look finds it all the same. */
function listen(place: Place, path: string, hear: (name: string) => void): FSWatcher | null {
  try {
    const watcher = watch(place.at(path), { encoding: 'latin1' }, (_event, name) => name !== null && hear(name));
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    return null;
  }
}
