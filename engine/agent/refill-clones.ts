import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ManifestLine } from '../domain/agent-protocol.ts';
import { reasonOf } from '../domain/failures.ts';
import { rawPath } from '../domain/wire-path.ts';
import { statOf } from './look-at.ts';
import { type Place, STAGING } from './place.ts';
import { SYSTEM_PATH } from './run-git.ts';

/**
 * A pristine clone comes back without its objects, which its remote has: they are fetched again, aside, and moved in only
 * when HEAD is among them. What cannot be reached stays as it is: its files are there, and `git clone` makes it anew.
 */
export async function refillClones(place: Place, lines: readonly ManifestLine[], signal: AbortSignal): Promise<void> {
  const present = new Set(lines.map((line) => line.path));
  for (const line of lines) {
    if (!line.path.endsWith('/.git/HEAD')) continue;
    const folder = line.path.slice(0, -'/HEAD'.length);
    if (present.has(`${folder}/objects`) || !folder.isWellFormed()) continue;
    if (statOf(place, `${rawPath(folder)}/objects`)) continue;
    try {
      await refill(place, place.at(rawPath(folder)).toString('utf8'), signal);
    } catch (cause) {
      signal.throwIfAborted();
      process.stderr.write(`${folder} stays without its objects: ${reasonOf(cause)}\n`); // the worker's log keeps it
    }
  }
}

async function refill(place: Place, folder: string, signal: AbortSignal): Promise<void> {
  const aside = join(folder, STAGING);
  const git = async (...args: readonly string[]): Promise<string> => {
    const { stdout } = await promisify(execFile)('git', ['-c', 'safe.directory=*', ...args], {
      cwd: join(folder, '..'),
      env: {
        PATH: SYSTEM_PATH,
        HOME: join(place.root, 'root'),
        GIT_TERMINAL_PROMPT: '0',
        GIT_SSH_COMMAND: SSH,
        LC_ALL: 'C',
      },
      signal,
      timeout: GIT_MS,
    });
    return stdout.trim();
  };
  const into = ['--git-dir', aside] as const;
  await rm(aside, { recursive: true, force: true });
  try {
    await git('init', '--quiet', '--bare', aside);
    // Git takes a directory without objects for no repository, so its settings are read as a file.
    const url = await git('config', '--file', join(folder, 'config'), '--get-regexp', '^remote\\..*\\.url$');
    const from = url.split('\n')[0]!.replace(/^\S+ /, '');
    const head = await headOf(folder);
    await git(...into, '-c', 'fetch.unpackLimit=1', 'fetch', '--quiet', from, '+refs/*:refs/*');
    await git(...into, 'cat-file', '-e', `${head}^{tree}`);
    const packs = (await readdir(join(aside, 'objects', 'pack'))).toSorted();
    await mkdir(join(aside, 'ready', 'info'), { recursive: true });
    await mkdir(join(aside, 'ready', 'pack'), { recursive: true });
    for (const name of packs) await rename(join(aside, 'objects', 'pack', name), join(aside, 'ready', 'pack', name));
    await rename(join(aside, 'ready'), join(folder, 'objects'));
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

/** Clones name HEAD in the last line of its log, wherever the branch itself is kept. */
async function headOf(folder: string): Promise<string> {
  const log = await readFile(join(folder, 'logs', 'HEAD'), 'utf8');
  const head = log.trim().split('\n').at(-1)?.split(' ')[1] ?? '';
  if (!/^[0-9a-f]{40,64}$/.test(head)) throw new Error('its HEAD is not known');
  return head;
}

const SSH = 'ssh -o BatchMode=yes';
const GIT_MS = 30 * 60_000;
