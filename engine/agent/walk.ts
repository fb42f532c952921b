import { readlinkSync, type Stats, statfsSync } from 'node:fs';
import { setImmediate as breathe } from 'node:timers/promises';
import type { AtRisk } from '../domain/agent-shapes.ts';
import { shortPath } from '../domain/short-path.ts';
import { wirePath } from '../domain/wire-path.ts';
import { codeOf } from './durable.ts';
import { foreignMounts } from './foreign-mounts.ts';
import { foldersIn, namesIn, statIfAny, statOf } from './look-at.ts';
import type { Mount } from './mounts.ts';
import type { Place } from './place.ts';
import { isPristineClone, isRepository } from './pristine-clone.ts';
import type { Scope } from './scope.ts';

/** One thing that belongs to the backup. */
export interface Entry {
  /** Raw. */
  readonly path: string;
  readonly type: 'file' | 'dir' | 'link' | 'other';
  readonly mode: number;
  readonly size: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  readonly inode: number;
  /** Raw; of a link. */
  readonly target?: string | undefined;
}

export interface Walked {
  /** In the order of their bytes. */
  readonly entries: readonly Entry[];
  /** What was left out; of a whole directory only itself. */
  readonly left: readonly string[];
  readonly atRisk: readonly AtRisk[];
  /** Those of the entries that were named one by one, because they lie outside of the backed-up directories. */
  readonly elsewhere: readonly string[];
}

/**
 * The one walk. It follows no link and enters no other mount, and it asks nothing but `lstat`, so that walking 50,000 files
 * again is half a second.
 */
export async function walk(place: Place, scope: Scope, signal: AbortSignal): Promise<Walked> {
  const entries: Entry[] = [];
  const left: string[] = [];
  const atRisk: AtRisk[] = [];
  const risk = (kind: AtRisk['kind'], path: string, sizeBytes: number, why: string): void => {
    left.push(path);
    atRisk.push({ kind, path: nameable(wirePath(path)), sizeBytes, why });
  };
  const todo: { readonly path: string; readonly device: number }[] = [];
  const isFolder = askedOnce((folder: string) => foldersIn(place, folder));

  /** What cannot be looked at is named, and keeps nothing else from being saved. */
  const look = (path: string, device: number | null): void => {
    try {
      take(path, device);
    } catch (cause) {
      const code = codeOf(cause);
      if (code === '') throw cause;
      // What is too deep for a name will be so in every backup, and must not make them all partial.
      const kind = code !== 'ENAMETOOLONG' && isFolder(path) ? 'unlisted' : 'unreadable';
      risk(kind, path, 0, `it cannot be looked at (${code})`);
    }
  };
  const take = (path: string, device: number | null): void => {
    const mount = device === null ? undefined : scope.mounts.get(path);
    if (mount?.kind === 'served') {
      left.push(path); // not even looked at
      return;
    }
    const stat = statOf(place, path);
    if (stat === null || stat.isSocket()) return;
    const excluded = device === null ? null : scope.matcher(path, stat.isDirectory());
    if (excluded && !isKeptAnyway(place, path, scope, excluded.by)) {
      const work = excluded.by !== 'ours' && path.endsWith(OBJECTS) && !isPristine(place, path, scope);
      if (work) risk('git', path, 0, `${excluded.line} leaves out commits that may exist nowhere else`);
      else left.push(path);
      return;
    }
    if (stat.isDirectory() && device !== null && (mount || stat.dev !== device)) {
      if (mount && holdsWork(place, path, mount, scope))
        risk('other-mount', path, mount.whole ? usedBytes(place, path) : 0, OTHER_MOUNT);
      else left.push(path);
      return;
    }
    if (stat.isFile() && stat.size > scope.fileBytesMax) {
      risk('over-cap', path, stat.size, `larger than ${scope.fileBytesMax} bytes`);
      return;
    }
    const entry = entryOf(place, path, stat);
    if (entry === null) return;
    entries.push(entry);
    if (stat.isDirectory()) todo.push({ path, device: stat.dev });
  };

  const above = new Set<string>();
  const lookWithFolders = (path: string): void => {
    const before = entries.length;
    look(path, null);
    if (entries.length === before) return;
    for (const folder of foldersAbove(path)) {
      const stat = above.has(folder) ? null : statIfAny(place, folder);
      above.add(folder);
      if (stat?.isDirectory()) entries.push(entryOf(place, folder, stat)!);
    }
  };
  for (const root of scope.roots) lookWithFolders(root);
  for (const root of scope.lost)
    atRisk.push({ kind: 'unlisted', path: wirePath(root), sizeBytes: 0, why: 'what was mounted there is gone' });
  for (const path of await scope.elsewhere(signal)) lookWithFolders(path);
  for (const path of await foreignMounts(place, scope, signal)) {
    const sizeBytes = scope.mounts.get(path)?.whole ? usedBytes(place, path) : 0;
    atRisk.push({ kind: 'other-mount', path: wirePath(path), sizeBytes, why: OTHER_MOUNT });
  }
  const elsewhere = entries
    .filter((entry) => entry.type !== 'dir' && !scope.roots.includes(entry.path))
    .map((entry) => entry.path);
  let listed = 0;
  for (let directory = todo.pop(); directory; directory = todo.pop()) {
    listed += 1;
    if (listed % BREATH === 0) await breathe();
    signal.throwIfAborted();
    const names = namesIn(place, directory.path);
    if (typeof names === 'string') {
      const { path } = directory;
      entries.splice(
        entries.findLastIndex((entry) => entry.path === path),
        1,
      );
      if (names !== 'ENOENT') risk('unlisted', path, 0, `it cannot be listed (${names})`);
      continue;
    }
    for (const name of names) look(`${directory.path}/${name}`, directory.device);
  }
  for (const { file, why } of scope.unreadableRules())
    atRisk.push({
      kind: 'unlisted',
      path: wirePath(file),
      sizeBytes: 0,
      why: `it cannot be read (${why}), so what it is about is left out`,
    });
  const byPath = (a: { path: string }, b: { path: string }): number => (a.path < b.path ? -1 : 1);
  return { entries: entries.toSorted(byPath), left, atRisk: atRisk.toSorted(byPath), elsewhere };
}

/** Somebody can write there, something is there, and no backup has it under another name. */
function holdsWork(place: Place, path: string, mount: Mount, scope: Scope): boolean {
  if (mount.readOnly) return false;
  const { shows } = mount;
  if (shows !== null && scope.roots.some((root) => shows === root || shows.startsWith(`${root}/`))) return false;
  const names = namesIn(place, path);
  return typeof names === 'string' || names.some((name) => name !== 'lost+found');
}

function usedBytes(place: Place, path: string): number {
  try {
    const { blocks, bfree, bsize } = statfsSync(place.at(path));
    return (blocks - bfree) * bsize;
  } catch (cause) {
    if (codeOf(cause) === '') throw cause;
    return 0; // nobody knows how much
  }
}

/** Longer than any path that the kernel takes: nobody could do anything with the whole of it. */
const nameable = (wire: string): string => (wire.length < PATH_MAX / 2 ? wire : shortPath(wire));

/** Objects of a repository that somebody works in. Only the default leaves them out; who says so in so many words is obeyed. */
function isKeptAnyway(place: Place, path: string, scope: Scope, by: string): boolean {
  return by === 'default' && path.endsWith(OBJECTS) && !isPristine(place, path, scope);
}

function isPristine(place: Place, objects: string, scope: Scope): boolean {
  const known = scope.pristine.get(objects);
  if (known !== undefined) return known;
  const git = objects.slice(0, -'/objects'.length);
  const folder = place.at(git).toString('utf8');
  // Git cannot be asked about a folder whose name is not UTF-8.
  const pristine = wirePath(git).isWellFormed() && (!isRepository(folder) || isPristineClone(folder));
  scope.pristine.set(objects, pristine);
  return pristine;
}

const OBJECTS = '/.git/objects';

export function entryOf(place: Place, path: string, stat: Stats): Entry | null {
  const type = typeOf(stat);
  const target = type === 'link' ? linkTarget(place, path) : undefined;
  if (target === null) return null;
  return {
    path,
    type,
    mode: stat.mode & 0o7777,
    size: stat.size,
    mtimeMs: stat.mtimeMs,
    ctimeMs: stat.ctimeMs,
    inode: stat.ino,
    target,
  };
}

export function typeOf(stat: Stats): Entry['type'] {
  if (stat.isFile()) return 'file';
  if (stat.isDirectory()) return 'dir';
  return stat.isSymbolicLink() ? 'link' : 'other';
}

function linkTarget(place: Place, path: string): string | null {
  try {
    return readlinkSync(place.at(path), 'latin1');
  } catch (cause) {
    if (UNLINKED.has(codeOf(cause))) return null;
    throw cause;
  }
}

/** As the directory above it says, which may be known of something that cannot be looked at itself. */
function askedOnce(foldersIn: (folder: string) => ReadonlySet<string>): (path: string) => boolean {
  const known = new Map<string, ReadonlySet<string>>();
  return (path) => {
    const above = path.slice(0, Math.max(path.lastIndexOf('/'), 0));
    const folders = known.get(above) ?? foldersIn(above);
    known.set(above, folders);
    return folders.has(path.slice(path.lastIndexOf('/') + 1));
  };
}

function foldersAbove(path: string): readonly string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, depth) => parts.slice(0, depth + 1).join('/'));
}

/** It went, something above it did, or it is no link any more. */
const UNLINKED: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'EINVAL']);
const OTHER_MOUNT = 'another file system is mounted there';
const PATH_MAX = 4_096;
/** Directories between two looks at signals and replies. */
const BREATH = 64;
