import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import { wirePath } from '../domain/wire-path.ts';
import type { Place } from './place.ts';
import { isRepository } from './pristine-clone.ts';
import { git, withoutFilters } from './run-git.ts';
import type { Entry } from './walk.ts';

export interface Repository {
  readonly path: string;
  readonly unpushedCommits: number;
  readonly changedFiles: number;
  readonly stashes: number;
  /** Its objects are in the backups. */
  readonly saved: boolean;
}

/** Repositories that hold work which no remote has. */
export async function repositoriesIn(
  place: Place,
  entries: readonly Entry[],
  signal: AbortSignal,
): Promise<Repository[]> {
  const kept = new Set(entries.filter((entry) => entry.type === 'dir').map((entry) => entry.path));
  const found: Repository[] = [];
  const until = performance.now() + ALL_MS;
  for (const path of kept) {
    if (!path.endsWith('/.git') || performance.now() > until) continue;
    const folder = place.at(path).toString('utf8');
    // Git cannot be asked about a folder whose name is not UTF-8.
    if (!wirePath(path).isWellFormed() || !isRepository(folder)) continue;
    signal.throwIfAborted();
    const work = {
      unpushedCommits: unpushed(folder),
      changedFiles: changed(folder),
      stashes: stashes(folder),
    };
    await breathe();
    if (work.unpushedCommits + work.changedFiles + work.stashes > 0)
      found.push({
        path: wirePath(path.slice(0, -'/.git'.length)),
        ...work,
        saved: kept.has(`${path}/objects`),
      });
  }
  return found;
}

/** On any branch, and where HEAD stands; of a repository without commits none. */
function unpushed(folder: string): number {
  const head = ask(folder, ['rev-parse', '--verify', '--quiet', 'HEAD']) === '' ? [] : ['HEAD'];
  return Number(ask(folder, ['rev-list', '--count', ...head, '--branches', '--not', '--remotes']));
}

/** New files count too; those that its own .gitignore names do not. */
function changed(folder: string): number {
  const args = ['status', '--porcelain=v1', '-z', '--no-renames', '--ignore-submodules=all', '--untracked-files=all'];
  return ask(folder, [...filters(folder), ...args])
    .split('\0')
    .filter(Boolean).length;
}

function filters(folder: string): readonly string[] {
  try {
    return withoutFilters(folder);
  } catch {
    return []; // its settings cannot be read, so git will do nothing else with it either
  }
}

/** Read from git's log of them: each is a line. */
function stashes(folder: string): number {
  const log = join(folder, 'logs', 'refs', 'stash');
  return existsSync(log) ? readFileSync(log, 'latin1').split('\n').filter(Boolean).length : 0;
}

/** What git does not understand, or takes too long to say, counts as nothing. */
function ask(folder: string, args: readonly string[]): string {
  try {
    return git(folder, args, ONE_MS);
  } catch {
    return '';
  }
}

const ALL_MS = 40_000;
const ONE_MS = 5_000;
