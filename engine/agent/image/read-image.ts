import {
  chmodSync,
  closeSync,
  fstatSync,
  lchownSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  openSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import type { ManifestLine } from '../../domain/agent-protocol.ts';
import { reasonOf } from '../../domain/failures.ts';
import { rawPath } from '../../domain/wire-path.ts';
import type { Place } from '../place.ts';
import type { Threads } from '../threads.ts';
import { secondsOf } from '../times.ts';
import { setAttributes } from './attributes.ts';
import type { ExactTimes } from './exact-times.ts';
import { fetchList } from './fetch-list.ts';
import type { ImageFile } from './manifest.ts';
import { type IndexedImage, isFile, type Match, matching } from './matching.ts';
import { damaged } from './seal.ts';
import { describe, isAnothers, type Read, type ReadJob } from './segment-reader.ts';

export interface Brought {
  /** Raw paths of the snapshot's things that lie there now, with all that belongs to them. */
  readonly paths: BroughtPaths;
  /** Why the image could not bring the rest of what it has; null when it did. */
  readonly trouble: string | null;
}

/** With the number that the disk knows a file by, whose hash was compared; 0 of all else. */
export type BroughtPaths = ReadonlyMap<string, number>;

/** Who does it, for one wake. */
export interface Readers extends Threads<ReadJob, Read> {
  readonly times: ExactTimes;
}

/**
 * Puts what an image has of these things where `target` says, each below a directory of ours in which none of them is yet.
 * What it does not have exactly as the snapshot has it is left to restic, also what belongs to a directory made for its files.
 */
export async function readImage(
  image: IndexedImage,
  { times, ...readers }: Readers,
  lines: Iterable<ManifestLine>,
  place: Place,
  target: (raw: string) => string,
  onBytes: (bytes: number, files: number) => void,
  signal: AbortSignal,
): Promise<Brought> {
  const wanted = matching(image, lines);
  const paths = new Map<string, number>();
  /** Those that are not the snapshot's too: what is in them may be. */
  const made = new Set<string>();
  for (const { path, entry } of wanted) {
    const folder = entry.type === 'dir' ? path : path.slice(0, path.lastIndexOf('/'));
    if (!made.has(folder)) mkdirSync(place.at(target(folder)), { recursive: true, mode: BARE_MODE });
    made.add(folder);
  }
  const before = place.at('').toString('latin1');
  const pathOf = ({ path }: Match): string => before + target(path);
  let bytes = 0;
  let trouble: string | null = null;
  const files = wanted.filter(isFile).filter(({ entry }) => {
    const isProven = image.isProven(entry);
    if (!isProven) trouble ??= reasonOf(damaged(entry.path));
    return isProven;
  });
  const { jobs, files: filesOf, left, apart } = fetchList(image.image, files, pathOf);
  const finish = (file: Match<ImageFile>, inode: number | null): void => {
    left.delete(file);
    if (inode === null) {
      trouble ??= reasonOf(damaged(file.entry.path));
      return;
    }
    paths.set(file.path, apart.has(file) ? describeWhole(pathOf(file), file.entry) : inode);
    bytes += file.entry.size;
    times.set(pathOf(file), file.entry.mtimeNs);
  };
  let failures = 0;
  const take = (index: number, read: Read): 'enough' | undefined => {
    if (typeof read === 'string') {
      trouble ??= read;
      for (const { file } of filesOf[index]!) left.delete(file);
      // One that is gone or damaged may be alone; where nothing comes any more restic is not kept waiting.
      return ++failures >= FAILURES_MAX ? 'enough' : undefined;
    }
    for (const { file, piece } of filesOf[index]!) {
      const more = left.get(file);
      if (more === undefined) continue; // another part of it did not come
      const inode = read[piece] ?? null;
      if (more > 1 && inode !== null) left.set(file, more - 1);
      else finish(file, inode);
    }
    onBytes(bytes, paths.size);
    return undefined;
  };
  try {
    for (const file of apart) if (!left.has(file)) finish(file, 0);
    await readers.run(jobs, take, signal);
    signal.throwIfAborted();
    for (const file of files) if (!paths.has(file.path)) rmSync(place.at(target(file.path)), { force: true });
    placeOthers(wanted, paths, place, target);
    describeFolders(wanted, paths, place, target);
    if (!giveAttributes(wanted, paths, place, target)) trouble ??= 'extended attributes could not be set';
    for (const match of wanted) {
      const { entry } = match;
      if (entry.type !== 'file' && entry.type !== 'name' && paths.has(match.path))
        times.set(pathOf(match), entry.mtimeNs);
    }
  } finally {
    await times.settled();
  }
  return { paths, trouble };
}

function describeWhole(path: string, entry: ImageFile): number {
  const handle = openSync(Buffer.from(path, 'latin1'), 'r+');
  try {
    describe(handle, entry, true);
    return fstatSync(handle).ino;
  } finally {
    closeSync(handle);
  }
}

function placeOthers(
  wanted: readonly Match[],
  paths: Map<string, number>,
  place: Place,
  target: (raw: string) => string,
): void {
  for (const { path, entry } of wanted) {
    if (entry.type !== 'link' && entry.type !== 'name') continue;
    const at = place.at(target(path));
    if (entry.type === 'name' && !paths.has(rawPath(entry.of))) continue;
    if (entry.type === 'name') linkSync(place.at(target(rawPath(entry.of))), at);
    else {
      symlinkSync(Buffer.from(rawPath(entry.target), 'latin1'), at);
      if (isAnothers(entry)) lchownSync(at, entry.uid, entry.gid);
      const seconds = secondsOf(entry.mtimeNs);
      lutimesSync(at, seconds, seconds);
    }
    paths.set(path, 0);
  }
}

/** From the bottom up, since what is put into a directory changes its time. */
function describeFolders(
  wanted: readonly Match[],
  paths: Map<string, number>,
  place: Place,
  target: (raw: string) => string,
): void {
  for (const { path, entry } of wanted.toReversed()) {
    if (entry.type !== 'dir') continue;
    const at = place.at(target(path));
    if (isAnothers(entry)) lchownSync(at, entry.uid, entry.gid);
    chmodSync(at, entry.mode);
    const seconds = secondsOf(entry.mtimeNs);
    lutimesSync(at, seconds, seconds);
    paths.set(path, 0);
  }
}

function giveAttributes(
  wanted: readonly Match[],
  paths: Map<string, number>,
  place: Place,
  target: (raw: string) => string,
): boolean {
  const given = wanted.flatMap(({ path, entry }) =>
    entry.type !== 'name' && entry.xattrs && paths.has(path)
      ? [{ raw: path, path: place.at(target(path)), xattrs: entry.xattrs }]
      : [],
  );
  if (given.length === 0 || setAttributes(given)) return true;
  for (const { raw } of given) paths.delete(raw); // restic may know better
  return false;
}

/** Of a directory that was only made, so that nobody takes it for the snapshot's before restic has been there. */
export const BARE_MODE = 0o1700;
const FAILURES_MAX = 3;
