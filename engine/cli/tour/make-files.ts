import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { SEARCH_PATH } from '../home.ts';

const FOLDERS = 48;
const FILES_EACH = 50;
const LARGE_BYTES = 6_000_000;

export interface Made {
  /** Null where this computer has no git. */
  readonly commit: string | null;
}

/** A workspace as people leave theirs: much that is small, something large, odd names, links, work that was never pushed. */
export async function makeFiles(root: string, remote: string, signal: AbortSignal): Promise<Made> {
  for (let folder = 0; folder < FOLDERS; folder += 1) {
    signal.throwIfAborted();
    const name = join(root, 'dataset', `part ${String(folder).padStart(2, '0')}`);
    await mkdir(name, { recursive: true });
    const files = [...Array(FILES_EACH).keys()].map((at) => ({
      path: join(name, `sample ${at}.json`),
      text: `${JSON.stringify({ folder, at, tokens: randomBytes(4 + ((folder * at) % 300)).toString('base64') })}\n`,
      mode: at % 10 === 0 ? 0o600 : 0o644,
    }));
    for (const { path, text, mode } of files) await put(path, text, mode);
  }
  await put(join(root, 'checkpoints', 'step-001200.safetensors'), randomBytes(LARGE_BYTES), 0o644);
  await symlink('step-001200.safetensors', join(root, 'checkpoints', 'latest'));
  await put(join(root, 'train.sh'), '#!/bin/sh\nexec python3 train.py --resume checkpoints/latest\n', 0o755);
  await put(
    join(root, 'notes – João & Zoë.md'),
    '# Ideas\n\nOnly here, on a machine that somebody else owns.\n',
    0o640,
  );
  await put(join(root, 'empty'), '', 0o444);
  return { commit: await makeRepository(join(root, 'project'), remote, signal) };
}

/** Each with a time of its own in the past, so that one that was made anew would show. */
async function put(path: string, content: string | Buffer, mode: number): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, content);
  await chmod(path, mode);
  const [days] = randomBytes(1);
  const at = (Date.now() - ((days ?? 0) + 1) * 86_400_000) / 1_000;
  await utimes(path, at, at);
}

/** One commit on the remote, and one that is nowhere else than here. Returns the latter. */
async function makeRepository(folder: string, remote: string, signal: AbortSignal): Promise<string | null> {
  try {
    await git(['init', '--quiet', '--bare', '--template=', remote], signal);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw cause;
  }
  const inside = async (...argv: readonly string[]) => await git(['-C', folder, ...argv], signal);
  await git(['init', '--quiet', '--template=', folder], signal);
  await inside('checkout', '--quiet', '-b', 'main');
  await inside('remote', 'add', 'origin', remote);
  await put(join(folder, 'train.py'), 'print("epoch 1")\n', 0o644);
  await inside('add', '.');
  await inside(...AUTHOR, 'commit', '--quiet', '--message', 'train for one epoch');
  await inside('push', '--quiet', 'origin', 'main');
  await put(join(folder, 'train.py'), 'print("epoch 1")\nprint("epoch 2")\n', 0o644);
  await inside(...AUTHOR, 'commit', '--quiet', '--all', '--message', 'never pushed');
  return (await inside('rev-parse', 'HEAD')).trim();
}

const AUTHOR = ['-c', 'user.name=Tour', '-c', 'user.email=tour@example.com', '-c', 'commit.gpgsign=false'];

async function git(argv: readonly string[], signal: AbortSignal): Promise<string> {
  const { stdout } = await promisify(execFile)('git', argv, { env: WITHOUT_CONFIGURATION, signal });
  return stdout;
}

/** Nothing in a person's own configuration may change what is made here. */
const WITHOUT_CONFIGURATION = { PATH: SEARCH_PATH, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' };
