import {
  chmodSync,
  chownSync,
  constants,
  copyFileSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { codeOf } from './durable.ts';
import { statOf } from './look-at.ts';
import { type Place, STAGING } from './place.ts';
import { secondsOfMs } from './times.ts';

/** Gives the file its name if that is free. A hard link, unlike a rename, never takes the place of anything. */
export function tookName(place: Place, source: string, target: string): boolean {
  for (let tries = 1; ; tries++) {
    try {
      linkSync(place.at(source), place.at(target));
      return true;
    } catch (cause) {
      const code = codeOf(cause);
      if (code === 'EEXIST') return false;
      if (tries === TRIES) throw cause;
      if (code === 'ENOENT')
        makeFolderFor(place, target); // somebody took the directory away
      else if (code === 'EXDEV') return copied(place, source, target);
      else if (NO_LINKS.has(code)) {
        if (statOf(place, target) !== null) return false;
        renameSync(place.at(source), place.at(target));
        return true;
      } else throw cause;
    }
  }
}

/** Against somebody who makes and removes the same thing all the time. */
const TRIES = 100;
/** File systems without hard links. */
const NO_LINKS: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/** To another file system: first whole under a name of its own, then as above. */
function copied(place: Place, source: string, target: string): boolean {
  const stat = lstatSync(place.at(source));
  const slash = target.lastIndexOf('/');
  const part = `${target.slice(0, slash)}/${STAGING}.${target.slice(slash + 1)}`;
  rmSync(place.at(part), { force: true });
  if (stat.isSymbolicLink()) symlinkSync(readlinkSync(place.at(source), 'buffer'), place.at(part));
  else {
    copyFileSync(place.at(source), place.at(part), constants.COPYFILE_EXCL);
    chmodSync(place.at(part), stat.mode & 0o7777);
    if (process.getuid?.() === 0) chownSync(place.at(part), stat.uid, stat.gid);
  }
  lutimesSync(place.at(part), secondsOfMs(stat.atimeMs), secondsOfMs(stat.mtimeMs));
  const took = tookName(place, part, target);
  rmSync(place.at(part), { force: true });
  return took;
}

export function freeName(place: Place, wanted: string): string {
  for (let number = 1; ; number++) {
    const name = number === 1 ? wanted : `${wanted}-${number}`;
    if (statOf(place, name) === null) return name;
  }
}

export function makeFolderFor(place: Place, path: string): void {
  mkdirSync(place.at(path.slice(0, path.lastIndexOf('/'))), { recursive: true });
}
