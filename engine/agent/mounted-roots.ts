import { join } from 'node:path';
import * as z from 'zod';
import { readIfThere } from '../files/whole-file.ts';
import { writeDurably } from './durable.ts';
import type { Mount } from './mounts.ts';
import type { Place } from './place.ts';

/**
 * Backed-up directories on which a file system was mounted when the last backup was made. When it is gone they look empty,
 * which is not what anybody wanted to save.
 */
export function lostRoots(
  place: Place,
  roots: readonly string[],
  mounts: ReadonlyMap<string, Mount>,
): readonly string[] {
  return remembered(place).filter((root) => roots.includes(root) && !mounts.has(root));
}

/** Those that are gone stay remembered, until they are mounted again or the machine is another one. */
export function rememberMountedRoots(place: Place, roots: readonly string[], mounts: ReadonlyMap<string, Mount>): void {
  const before = remembered(place);
  const now = [...new Set([...before, ...roots.filter((root) => mounts.has(root))])].toSorted();
  if (now.length > before.length) writeDurably(fileOf(place), JSON.stringify(now));
}

function remembered(place: Place): readonly string[] {
  try {
    return z.array(z.string()).parse(JSON.parse(readIfThere(fileOf(place)) ?? '[]'));
  } catch {
    return []; // torn: it is written anew with the next backup
  }
}

const fileOf = (place: Place): string => join(place.home, 'mounted.json');
