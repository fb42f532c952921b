import { readlinkSync, realpathSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import type { SaveOrder } from '../domain/agent-protocol.ts';
import { Failure } from '../domain/failures.ts';
import { shortPath } from '../domain/short-path.ts';
import { rawPath } from '../domain/wire-path.ts';
import { DEFAULT_ROOTS, SYSTEM_FOLDERS } from '../domain/workspace.ts';
import { codeOf } from './durable.ts';
import { changedElsewhere, type SeenElsewhere } from './elsewhere.ts';
import { ignoreFilesIn, type Unreadable } from './ignore-files.ts';
import type { BadLine } from './ignore-rules.ts';
import { statIfAny, statOrWhy } from './look-at.ts';
import { badExcludes, type Matcher, matcherOf, NOWHERE_ELSE } from './matcher.ts';
import { lostRoots } from './mounted-roots.ts';
import { type Mount, mountPoints } from './mounts.ts';
import { checkedPath, type Place } from './place.ts';

/** What a backup is about: which directories, and which of what is in them. */
export interface Scope {
  /** Raw paths, none inside another. Some may not exist. */
  readonly roots: readonly string[];
  readonly matcher: Matcher;
  /** Lines of ignore files, met so far, that can never match anything. Those of the workspace's own patterns have no file. */
  badLines(): readonly (BadLine & { readonly file: string })[];
  /** Ignore files, met so far, that cannot be read. */
  unreadableRules(): readonly Unreadable[];
  readonly fileBytesMax: number;
  readonly mounts: ReadonlyMap<string, Mount>;
  /** Of the roots, those whose file system is not mounted any more. */
  readonly lost: readonly string[];
  /** What lies outside of them counts too. */
  readonly everywhere: boolean;
  /** Files outside of them that belong to the backup too. */
  elsewhere(signal: AbortSignal): Promise<readonly string[]>;
  /** Whether a `.git` directory is a pristine clone's. Asked once for each, so that two walks of one backup agree. */
  readonly pristine: Map<string, boolean>;
}

export type Asked = Pick<SaveOrder, 'include' | 'exclude' | 'fileBytesMax'>;

/** `seen`: what was changed elsewhere is looked for anew, beginning with what was seen before. */
export function scopeOf(place: Place, order: Asked, seen: SeenElsewhere | null = null): Scope {
  const asked = order.include.map((wire) => checkedInclude(place, wire));
  const roots = outermost(linked(place, [...DEFAULT_ROOTS, ...asked]));
  const files = ignoreFilesIn(place, roots);
  const home = homeIn(place);
  const matcher = matcherOf(order.exclude, files, home);
  const mounts = mountPoints(place);
  const everywhere = !order.exclude.includes(NOWHERE_ELSE);
  let elsewhere: Promise<readonly string[]> | null = null;
  return {
    roots,
    matcher,
    badLines: () => [...badExcludes(order.exclude).map((bad) => ({ ...bad, file: '' })), ...files.bad()],
    unreadableRules: files.unreadable,
    fileBytesMax: order.fileBytesMax,
    mounts,
    lost: lostRoots(place, roots, mounts),
    pristine: new Map(),
    everywhere,
    // Looked for once, so that two walks of one backup agree.
    elsewhere: (signal) => {
      if (!everywhere) return Promise.resolve([]);
      elsewhere ??= changedElsewhere(place, { roots, matcher, mounts, home, exclude: order.exclude, seen }, signal);
      return elsewhere;
    },
  };
}

/** Where our own folder is, as a raw path; null when it is not below the machine's root. */
function homeIn(place: Place): string | null {
  const home = relative(place.root, place.home);
  return home === '' || home.startsWith('..') ? null : rawPath(home);
}

function checkedInclude(place: Place, wire: string): string {
  const path = checkedPath(wire.replace(/^\/|\/$/g, ''));
  if (SYSTEM_FOLDERS.has(path.split('/')[0]!))
    throw new Failure('bad_path', { path: wire, why: 'the system keeps its own state there' });
  if (!wire.isWellFormed()) throw new Failure('bad_path', { path: wire, why: 'its name is not UTF-8' });
  const stat = statOrWhy(place, path, (code) => code);
  // One that is on a broken disk is there: the walk names it.
  if (stat === 'ENAMETOOLONG') throw new Failure('bad_path', { path: shortPath(wire), why: 'its name is too long' });
  if (stat && typeof stat !== 'string' && !stat.isDirectory() && !stat.isSymbolicLink())
    throw new Failure('bad_path', { path: wire, why: 'it is not a directory' });
  return path;
}

/** A backed-up directory that is itself a link is saved as a link, and what it points to is saved too. */
function linked(place: Place, roots: readonly string[]): readonly string[] {
  return roots.flatMap((root) => {
    if (!statIfAny(place, root)?.isSymbolicLink()) return [root];
    const target = targetOf(place, root);
    return target === null ? [root] : [root, target];
  });
}

function targetOf(place: Place, root: string): string | null {
  const inside = relative(realpathSync(place.root), pointedTo(place, root) ?? place.root);
  const usable = inside !== '' && !inside.startsWith('..') && !SYSTEM_FOLDERS.has(inside.split('/')[0]!);
  return usable ? rawPath(inside) : null;
}

/** Null when it points nowhere. Of one on a broken disk only the name is known, and the walk finds that it is broken. */
function pointedTo(place: Place, root: string): string | null {
  const link = place.at(root);
  try {
    return realpathSync(link);
  } catch (cause) {
    const code = codeOf(cause);
    if (code === '') throw cause;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') return null;
    return targetNamed(link);
  }
}

function targetNamed(link: Buffer): string | null {
  try {
    return resolve(dirname(link.toString('utf8')), readlinkSync(link, 'utf8'));
  } catch (cause) {
    if (codeOf(cause) === '') throw cause;
    return null;
  }
}

function outermost(roots: readonly string[]): readonly string[] {
  const all = [...new Set(roots)].toSorted();
  return all.filter((root) => !all.some((other) => root.startsWith(`${other}/`)));
}
