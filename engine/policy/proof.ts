import type { StoredFile } from '../domain/ports.ts';
import type { SaveLimits } from '../domain/settings.ts';

type Named = Pick<StoredFile, 'path' | 'mtimeMs'>;

/**
 * Which files the control host reads back: the newest, since work that was just done is what a bad backup misses first,
 * and random ones that a machine cannot know in advance. Names that are not UTF-8 are left out; restic shows them altered.
 */
export function challengeOf(files: readonly Named[], limits: SaveLimits, random: () => number): readonly string[] {
  const askable = files.filter((file) => !file.path.includes('\uFFFD') && file.path.isWellFormed());
  const newest = askable.toSorted((a, b) => b.mtimeMs - a.mtimeMs).slice(0, limits.newestCompared);
  const rest = askable.filter((file) => !newest.includes(file));
  const chosen = new Set(newest.map((file) => file.path));
  for (let left = Math.min(limits.randomCompared, rest.length); left > 0; left -= 1) {
    const [file] = rest.splice(Math.floor(random() * rest.length), 1);
    if (file) chosen.add(file.path);
  }
  return [...chosen];
}
