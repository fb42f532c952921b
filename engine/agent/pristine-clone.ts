import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from './durable.ts';
import { git, settings, withoutFilters } from './run-git.ts';

/**
 * `.git/objects` is left out only of a repository that somebody cloned and never worked in: everything in it can be cloned
 * again. In any other one it holds work that exists nowhere else, commits that no remote has, what is staged, stashed or
 * only in the reflog, or that stands on a branch which the remote may delete meanwhile; and without it `git status` would be
 * broken after a wake. When in doubt it is kept.
 *
 * `folder` is the `.git` directory.
 */
export function isPristineClone(folder: string): boolean {
  try {
    return onlyFetched(folder) && standsAlone(folder) && hasNothingOfItsOwn(folder);
  } catch {
    return false; // no git here, or not a repository that it understands
  }
}

/** A directory named `.git` is a repository only with these. */
export function isRepository(folder: string): boolean {
  return isThere(join(folder, 'HEAD')) && isThere(join(folder, 'objects'));
}

/** Nobody ever committed here: HEAD only came from the remote, by clone, fast-forward or checkout. */
function onlyFetched(folder: string): boolean {
  const log = readFileSync(join(folder, 'logs', 'HEAD'), 'utf8')
    .trim()
    .split('\n');
  return log[0]!.includes('\tclone: from ') && log.every((line) => FETCHED.test(line));
}

const FETCHED = /\t(clone: from |checkout: moving from |(pull|merge)\b.*: Fast-forward$)/;

/** No other repository borrows from it, and it borrows from none. */
function standsAlone(folder: string): boolean {
  return !['worktrees', 'objects/info/alternates', 'shallow', 'refs/stash', 'modules', 'MERGE_HEAD'].some((name) =>
    isThere(join(folder, name)),
  );
}

function hasNothingOfItsOwn(folder: string): boolean {
  if (readdirSync(join(folder, 'refs', 'tags')).length > 0) return false; // tags of the clone itself are packed
  if (git(folder, ['remote']) === '') return false;
  const local = git(folder, ['rev-list', '--max-count=1', 'HEAD', '--branches', '--not', '--remotes']);
  const other = git(folder, ['for-each-ref', '--format=%(refname)'])
    .split('\n')
    .some((name) => !/^refs\/(heads|tags|remotes)\//.test(name));
  if (local !== '' || other || settings(folder, '^(extensions\\.|remote\\..*\\.promisor)') !== '') return false;
  // Exits with 1 when a tracked file or the index differs from HEAD.
  git(folder, [...withoutFilters(folder), 'diff', '--quiet', '--no-ext-diff', '--ignore-submodules=all', 'HEAD']);
  return true;
}

function isThere(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT' || codeOf(cause) === 'ENOTDIR') return false;
    throw cause;
  }
}
