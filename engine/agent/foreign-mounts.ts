import { setImmediate as breathe } from 'node:timers/promises';
import { beganHereAt } from './elsewhere.ts';
import { namesIn, statIfAny } from './look-at.ts';
import type { Mount } from './mounts.ts';
import type { Place } from './place.ts';
import type { Scope } from './scope.ts';
import { isSystems } from './search-elsewhere.ts';

/**
 * Other file systems outside of the backed-up directories, such as a fast disk at /mnt, that somebody wrote to since the
 * machine began. No backup enters them, so what is there would go with the machine. Paths are raw.
 */
export async function foreignMounts(place: Place, scope: Scope, signal: AbortSignal): Promise<readonly string[]> {
  const began = beganHereAt(place);
  if (began === null || !scope.everywhere) return [];
  const found: string[] = [];
  for (const [path, mount] of scope.mounts)
    if (isForeign(path, mount, scope) && (await wasWrittenTo(place, path, scope, began, signal))) found.push(path);
  return found;
}

/** Nothing of it is asked for here: behind a server that does not answer that could wait for ever. */
function isForeign(path: string, mount: Mount, scope: Scope): boolean {
  if (mount.kind === 'served' || mount.readOnly) return false;
  if (mount.shows !== null && !isLeftOut(mount.shows, scope)) return false; // it is looked at under that name
  if (scope.roots.some((root) => path === root || path.startsWith(`${root}/`))) return false; // the walk meets it
  return !isLeftOut(path, scope) && !upTo(path).some((above) => scope.mounts.get(above)?.kind === 'served');
}

/** The system keeps its own state there, or a rule says that it need not be saved. */
function isLeftOut(path: string, { matcher }: Scope): boolean {
  return upTo(path).some((part) => isSystems(part, part.slice(part.lastIndexOf('/') + 1), true) || matcher(part, true));
}

/** Its own path comes last. */
function upTo(path: string): readonly string[] {
  const parts = path.split('/');
  return parts.map((_, depth) => parts.slice(0, depth + 1).join('/'));
}

/** A single file that is mounted is a setting of who rents the machine out. One with too many to look through counts. */
async function wasWrittenTo(
  place: Place,
  top: string,
  { matcher }: Scope,
  began: number,
  signal: AbortSignal,
): Promise<boolean> {
  const device = statIfAny(place, top)?.dev;
  const todo = [top];
  let looked = 0;
  for (const folder of todo) {
    await breathe();
    signal.throwIfAborted();
    const names = namesIn(place, folder);
    for (const name of typeof names === 'string' ? [] : names) {
      const path = `${folder}/${name}`;
      const stat = statIfAny(place, path);
      looked += 1;
      if (!stat || matcher(path, stat.isDirectory())) continue;
      if (stat.isDirectory() && stat.dev === device) todo.push(path);
      else if ((stat.isFile() || stat.isSymbolicLink()) && stat.ctimeMs >= began) return true;
      if (looked > LOOKED_MAX) return true;
    }
  }
  return false;
}

const LOOKED_MAX = 20_000;
