import { knownRows } from '../known-files.ts';
import type { Place } from '../place.ts';

/** What a restore left here, as it was then, in the words of `stampOf`. Nothing on the machine of a new workspace. */
export function restoredStamps(place: Place): Map<string, string> {
  const stamps = new Map<string, string>();
  for (const [path, row] of knownRows(place)) {
    const [type, inode, mode, size, mtimeMs, , ctimeMs] = row.split(' ');
    stamps.set(path, type === 'dir' ? `dir ${mode}` : `${type} ${mode} ${size} ${mtimeMs} ${ctimeMs} ${inode}`);
  }
  return stamps;
}
