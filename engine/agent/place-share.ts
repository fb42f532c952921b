import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  type Stats,
  utimesSync,
} from 'node:fs';
import { wirePath } from '../domain/wire-path.ts';
import { codeOf } from './durable.ts';
import { addKeys, isKeyFile } from './key-file.ts';
import type { KnownFiles } from './known-files.ts';
import { statOf } from './look-at.ts';
import { type Place, STAGING } from './place.ts';
import type { ReplacedFiles } from './replaced-files.ts';
import { freeName, makeFolderFor, tookName } from './take-name.ts';
import { secondsOfMs } from './times.ts';

export interface Placing {
  readonly place: Place;
  readonly root: string;
  readonly known: Pick<KnownFiles, 'has' | 'hadBeforeRename'>;
  readonly replaced: Pick<ReplacedFiles, 'mayTake'>;
  /** The first characters of the snapshot's id, for the names of copies. */
  readonly mark: string;
  readonly keptBoth: (path: string, beside: string) => void;
}

/**
 * Moves what was verified from the staging directory to where it belongs. No file is ever written over: a name is only taken
 * when it is free. What the image had is first moved aside, and looked at again there; anything else in the way is a
 * person's, or a file of the image that is another one than the saved one was made of: it stays, and gets the snapshot's copy
 * beside it. It may be interrupted anywhere and done again.
 */
export function placeShare(placing: Placing, staging: string): void {
  const folders: Folder[] = [];
  mergeFolder(placing, staging, placing.root, folders);
  for (const { path, stat } of folders.toReversed()) restoreFolder(placing, path, stat);
}

interface Folder {
  readonly path: string;
  readonly stat: Stats;
}

function mergeFolder(placing: Placing, from: string, to: string, folders: Folder[]): void {
  const { place } = placing;
  for (const name of readdirSync(place.at(from), 'latin1')) {
    const source = `${from}/${name}`;
    const target = `${to}/${name}`;
    const stat = lstatSync(place.at(source));
    if (!stat.isDirectory()) placeFile(placing, source, target);
    else if (!movedWhole(placing, source, target)) {
      folders.push({ path: target, stat });
      mergeFolder(placing, source, target, folders);
      rmdirSync(place.at(source));
    }
  }
}

/** A directory that is not there yet moves with everything in it. */
function movedWhole(placing: Placing, source: string, target: string): boolean {
  const { place } = placing;
  for (;;) {
    const there = statOf(place, target);
    if (there?.isDirectory()) return false;
    if (there) giveWay(placing, target, there);
    makeFolderFor(place, target);
    try {
      renameSync(place.at(source), place.at(target));
      return true;
    } catch (cause) {
      // Somebody made it meanwhile: look again. On another file system its files are placed one by one.
      if (codeOf(cause) === 'EXDEV') {
        mkdirSync(place.at(target), { recursive: true });
        return false;
      }
      if (!TAKEN.has(codeOf(cause))) throw cause;
    }
  }
}

const TAKEN: ReadonlySet<string> = new Set(['EEXIST', 'ENOTEMPTY', 'ENOTDIR', 'EISDIR']);

function placeFile(placing: Placing, source: string, target: string): void {
  const { place, known } = placing;
  for (;;) {
    if (tookName(place, source, target)) {
      rmSync(place.at(source), { force: true });
      return;
    }
    const there = statOf(place, target);
    if (there === null) continue; // it went meanwhile
    const staged = lstatSync(place.at(source));
    if (there.ino === staged.ino && there.dev === staged.dev) {
      rmSync(place.at(source)); // already there under both names
      return;
    }
    if (isKeyFile(target) && there.isFile()) {
      addKeys(place, source, target, there);
      rmSync(place.at(source));
      return;
    }
    if (!there.isDirectory() && known.has(target, there) && placing.replaced.mayTake(target, there)) {
      giveWay(placing, target, there);
      continue;
    }
    const beside = placeBeside(placing, source, target);
    placing.keptBoth(wirePath(target), wirePath(beside));
    return;
  }
}

/** Moves what is in the way aside. Only there, where nobody finds it by name any more, is it certain what it is. */
function giveWay(placing: Placing, target: string, there: Stats): void {
  const { place, known, root } = placing;
  const aside = `${trashOf(root)}${target.slice(root.length)}`;
  if (!known.has(target, there)) {
    // A person's file where the snapshot has a directory.
    const beside = freeName(place, `${target}.${placing.mark}`);
    renameSync(place.at(target), place.at(beside));
    placing.keptBoth(wirePath(beside), wirePath(target));
    return;
  }
  makeFolderFor(place, aside);
  try {
    renameSync(place.at(target), place.at(aside));
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return;
    throw cause;
  }
  rescue(placing, aside, target);
}

export const trashOf = (root: string): string => `${root}/${STAGING}/aside`;

/** What was moved aside is let go if it is what the image brought; if somebody wrote to it at the last moment it comes back. */
export function emptyTrash(placing: Placing): void {
  const { place, root } = placing;
  const trash = trashOf(root);
  const visit = (folder: string): void => {
    for (const name of readdirSync(place.at(folder), 'latin1')) {
      const path = `${folder}/${name}`;
      if (lstatSync(place.at(path)).isDirectory()) visit(path);
      else if (!rescue(placing, path, `${root}${path.slice(trash.length)}`)) rmSync(place.at(path), { force: true });
    }
    rmdirSync(place.at(folder));
  };
  if (statOf(place, trash)) visit(trash);
}

function rescue(placing: Placing, aside: string, target: string): boolean {
  const { place, known } = placing;
  const stat = statOf(place, aside);
  if (stat === null || known.hadBeforeRename(target, stat)) return false;
  if (tookName(place, aside, target)) rmSync(place.at(aside));
  else {
    const beside = placeBeside(placing, aside, target);
    placing.keptBoth(wirePath(beside), wirePath(target));
  }
  return true;
}

function placeBeside({ place, mark }: Placing, source: string, target: string): string {
  for (;;) {
    const beside = freeName(place, `${target}.${mark}`);
    if (!tookName(place, source, beside)) continue;
    rmSync(place.at(source), { force: true });
    return beside;
  }
}

/** Mode, owner and time of a directory that was there before; one that a person changed keeps its own. */
function restoreFolder({ place, known }: Placing, path: string, stat: Stats): void {
  const there = statOf(place, path);
  if (!there?.isDirectory()) return;
  if (known.has(path, there)) {
    chmodSync(place.at(path), stat.mode & 0o7777);
    if (process.getuid?.() === 0) chownSync(place.at(path), stat.uid, stat.gid);
  }
  utimesSync(place.at(path), secondsOfMs(stat.atimeMs), secondsOfMs(stat.mtimeMs));
}
