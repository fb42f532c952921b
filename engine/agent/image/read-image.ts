import {
  chmodSync,
  closeSync,
  ftruncateSync,
  lchownSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  openSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import type { ManifestLine } from '../../domain/agent-protocol.ts';
import { rawPath } from '../../domain/wire-path.ts';
import type { Place } from '../place.ts';
import type { Threads } from '../threads.ts';
import { msOf, secondsOf } from '../times.ts';
import { setAttributes, setExactTimes } from './attributes.ts';
import type { ImageEntry, ImageFile, ImageManifest } from './manifest.ts';
import { type Attributes, describe, openNew, type Piece, type Read, type ReadJob } from './segment-reader.ts';

export interface Brought {
  /** Raw paths of the snapshot's things that lie there now, with all that belongs to them. */
  readonly paths: ReadonlySet<string>;
  /** Why the image could not bring the rest of what it has; null when it did. */
  readonly trouble: string | null;
}

/**
 * Puts what an image has of these things where `target` says, each below a directory of ours in which none of them is yet.
 * What it does not have exactly as the snapshot has it is left alone: restic brings that.
 */
export async function readImage(
  image: ImageManifest,
  readers: Threads<ReadJob, Read>,
  lines: readonly ManifestLine[],
  root: string,
  place: Place,
  target: (raw: string) => string,
  onBytes: (bytes: number, files: number) => void,
  signal: AbortSignal,
): Promise<Brought> {
  const wanted = matching(image, lines, root);
  const paths = new Set<string>();
  for (const { path, entry } of wanted)
    if (entry.type === 'dir') mkdirSync(place.at(target(path)), { recursive: true, mode: 0o700 });
  const files = wanted.filter((one): one is Match<ImageFile> => one.entry.type === 'file');
  const fetching = fetchList(image, files, place, target);
  let bytes = 0;
  let done = 0;
  const finish = ({ path, entry }: Match<ImageFile>): void => {
    done += 1;
    bytes += entry.size;
    paths.add(path);
  };
  for (const file of fetching.empty) finish(file);
  let trouble: string | null = null;
  const stop = new AbortController();
  const take = (index: number, read: Read): void => {
    if (read !== null) {
      trouble ??= read;
      // One that is gone or damaged may be alone; where nothing comes any more restic is not kept waiting.
      if (++failures >= FAILURES_MAX) stop.abort();
      for (const file of fetching.files[index]!) fetching.left.delete(file);
      return;
    }
    for (const file of fetching.files[index]!) {
      const left = fetching.left.get(file);
      if (left === undefined) continue; // another part of it did not come
      if (left > 1) {
        fetching.left.set(file, left - 1);
        continue;
      }
      fetching.left.delete(file);
      finish(file);
    }
    onBytes(bytes, done);
  };
  let failures = 0;
  await readers.run(fetching.jobs, take, AbortSignal.any([signal, stop.signal]));
  signal.throwIfAborted();
  for (const file of files)
    if (paths.has(file.path)) fetching.close(file);
    else rmSync(place.at(target(file.path)), { force: true });
  placeOthers(wanted, paths, place, target);
  describeFolders(wanted, paths, place, target);
  if (!giveAttributes(wanted, paths, place, target)) trouble ??= 'extended attributes could not be set';
  setExactTimes(
    wanted.flatMap(({ path, entry }) =>
      entry.type !== 'name' && paths.has(path) ? [{ path: place.at(target(path)), mtimeNs: entry.mtimeNs }] : [],
    ),
  ); // where that cannot be done they are right to the microsecond
  return { paths, trouble };
}

interface Match<E extends ImageEntry = ImageEntry> {
  /** Raw. */
  readonly path: string;
  readonly entry: E;
}

/** In the order of the image. Of a directory that is not as it was restic brings everything. */
function matching(image: ImageManifest, lines: readonly ManifestLine[], root: string): readonly Match[] {
  const byPath = new Map(lines.map((line) => [line.path, line]));
  const files = new Map<string, ImageFile>();
  const folders = new Set([root]);
  return image.entries.flatMap((entry): Match[] => {
    const line = byPath.get(entry.path);
    if (entry.type === 'file') files.set(entry.path, entry);
    const file = entry.type === 'name' ? files.get(entry.of) : entry;
    if (!line || !file || !isSame(file, line)) return [];
    const path = rawPath(entry.path);
    if (path !== root && !folders.has(path.slice(0, path.lastIndexOf('/')))) return [];
    if (entry.type === 'dir') folders.add(path);
    return [{ path, entry }];
  });
}

function isSame(entry: ImageEntry, line: ManifestLine): boolean {
  if (entry.type === 'name' || entry.type !== line.type || entry.mode !== line.mode) return false;
  if (entry.type === 'dir') return true;
  if (entry.type === 'link') return entry.target === line.target;
  return entry.sha256 === line.sha256 && entry.size === line.sizeBytes && msOf(BigInt(entry.mtimeNs)) === line.mtimeMs;
}

interface Fetching {
  readonly jobs: readonly ReadJob[];
  /** By job: the files with something in it. */
  readonly files: readonly (readonly Match<ImageFile>[])[];
  /** How many segments of a file are still to come. */
  readonly left: Map<Match<ImageFile>, number>;
  readonly empty: readonly Match<ImageFile>[];
  /** Gives a file of several pieces what the others were given when they were made. */
  close(file: Match<ImageFile>): void;
}

/** Each segment once, in the order in which the first file needs it. */
function fetchList(
  image: ImageManifest,
  files: readonly Match<ImageFile>[],
  place: Place,
  target: (raw: string) => string,
): Fetching {
  const segments = new Map<number, { pieces: Piece[]; files: Set<Match<ImageFile>> }>();
  const left = new Map<Match<ImageFile>, number>();
  const apart = new Map<Match<ImageFile>, number>();
  const empty: Match<ImageFile>[] = [];
  for (const file of files) {
    const { entry } = file;
    const path = place.at(target(file.path)).toString('latin1');
    const only = entry.extents.length === 1 && entry.extents[0]![2] === entry.size;
    if (!only) {
      const handle = openNew(path, 0o600);
      ftruncateSync(handle, entry.size);
      closeSync(handle);
    }
    const own = new Set<number>();
    for (const [segment, from, bytes, to] of entry.extents) {
      const there = segments.get(segment) ?? { pieces: [], files: new Set() };
      there.pieces.push({ path, from, bytes, to, whole: only ? attributesOf(entry) : null });
      there.files.add(file);
      segments.set(segment, there);
      own.add(segment);
    }
    if (own.size === 0) empty.push(file);
    else left.set(file, own.size);
    if (!only) apart.set(file, own.size);
  }
  const all = [...segments];
  return {
    jobs: all.map(([index, { pieces }]) => {
      const [name, bytes] = image.segments[index]!;
      return { name, bytes, pieces };
    }),
    files: all.map(([, segment]) => [...segment.files]),
    left,
    empty,
    close(file) {
      if (!apart.has(file)) return;
      const handle = openSync(place.at(target(file.path)), 'r+');
      try {
        describe(handle, file.entry, true);
      } finally {
        closeSync(handle);
      }
    },
  };
}

const attributesOf = ({ mode, uid, gid, mtimeNs }: ImageFile): Attributes => ({ mode, uid, gid, mtimeNs });

function placeOthers(
  wanted: readonly Match[],
  paths: Set<string>,
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
      if (process.getuid?.() === 0) lchownSync(at, entry.uid, entry.gid);
      const seconds = secondsOf(BigInt(entry.mtimeNs));
      lutimesSync(at, seconds, seconds);
    }
    paths.add(path);
  }
}

/** From the bottom up, since what is put into a directory changes its time. */
function describeFolders(
  wanted: readonly Match[],
  paths: Set<string>,
  place: Place,
  target: (raw: string) => string,
): void {
  for (const { path, entry } of wanted.toReversed()) {
    if (entry.type !== 'dir') continue;
    const at = place.at(target(path));
    if (process.getuid?.() === 0) lchownSync(at, entry.uid, entry.gid);
    chmodSync(at, entry.mode);
    const seconds = secondsOf(BigInt(entry.mtimeNs));
    lutimesSync(at, seconds, seconds);
    paths.add(path);
  }
}

function giveAttributes(
  wanted: readonly Match[],
  paths: Set<string>,
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

const FAILURES_MAX = 3;
