import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/**
 * Asks git about a repository that anybody may have written: nothing that its settings name is run, nothing is fetched, and
 * nothing is written. `folder` is the `.git` directory.
 */
export function git(folder: string, args: readonly string[], timeoutMs = GIT_MS): string {
  return execFileSync('git', [...SAFE, '--git-dir', folder, '--work-tree', join(folder, '..'), ...args], {
    cwd: join(folder, '..'),
    env: ENVIRONMENT,
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    maxBuffer: OUTPUT_MAX,
    encoding: 'utf8',
  }).trim();
}

/**
 * For commands that compare files: a filter is a program that git would give them to. Without it a file that it alters counts
 * as changed when git cannot tell by its time.
 */
export function withoutFilters(folder: string): readonly string[] {
  const names = new Set<string>();
  for (const key of settings(folder, '^filter\\.').split('\n')) {
    const name = /^filter\.(.*)\.(clean|smudge|process|required)$/.exec(key)?.[1];
    if (name !== undefined) names.add(name);
  }
  return [...names].flatMap((name) =>
    ['clean=', 'smudge=', 'process=', 'required=false'].flatMap((setting) => ['-c', `filter.${name}.${setting}`]),
  );
}

/** The names of the settings that match. */
export function settings(folder: string, pattern: string): string {
  try {
    return git(folder, ['config', '--name-only', '--get-regexp', pattern]);
  } catch (cause) {
    if ((cause as { status?: unknown }).status === 1) return ''; // there is none
    throw cause;
  }
}

export const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const SAFE = [
  ['safe.directory', '*'],
  ['core.fsmonitor', 'false'],
  ['core.hooksPath', '/dev/null'],
  ['protocol.allow', 'never'],
].flatMap(([name, value]) => ['-c', `${name}=${value}`]);
const ENVIRONMENT = {
  PATH: SYSTEM_PATH,
  HOME: '/nonexistent',
  LC_ALL: 'C',
  GIT_OPTIONAL_LOCKS: '0',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_NO_LAZY_FETCH: '1',
  GIT_TERMINAL_PROMPT: '0',
};
const GIT_MS = 20_000;
const OUTPUT_MAX = 64 * 1024 * 1024;
