import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { lstat, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Failure, reasonOf } from '../domain/failures.ts';
import type { EngineClient } from './engine-client.ts';

interface Wanted {
  readonly snapshot: string;
  readonly workspace: string;
  /** '' is all of it. */
  readonly path: string;
  /** A folder of this computer. */
  readonly to: string;
  /** What is there already may be replaced. */
  readonly overwrite: boolean;
}

/** Brings files of a snapshot onto this computer; no machine is needed. Returns where they are. */
export async function downloadTo(
  { snapshot, workspace, path, to, overwrite }: Wanted,
  engine: EngineClient,
  signal: AbortSignal,
): Promise<string> {
  const query = { instance_id: workspace, ...(path !== '' && { path }) };
  const target = await freeTarget({ path, to, overwrite });
  const response = await engine.open(`/api/v1/snapshots/${snapshot}/download`, query, signal);
  await mkdir(to, { recursive: true });
  // The directories above the one that was asked for stay behind, as with one file.
  const above = path.split('/').length - 1;
  if (response.headers.get('content-type') === 'application/x-tar') await unpack(response, to, above, signal);
  else await writeWhole(response, target, signal);
  return target;
}

/** Where they would lie; refused where something else does. */
export async function freeTarget({ path, to, overwrite }: Pick<Wanted, 'path' | 'to' | 'overwrite'>): Promise<string> {
  const why = await whyNoFolder(to);
  if (why) throw new Failure('bad_request', { why });
  const target = path === '' ? to : join(to, path.split('/').at(-1) ?? '');
  if (!overwrite && (await isTaken(target)))
    throw new Failure('confirmation_needed', { why: `${target} is there already. Name another folder.` });
  return target;
}

async function whyNoFolder(to: string): Promise<string | null> {
  try {
    return (await stat(to)).isDirectory() ? null : `${to} is a file. Name a folder.`;
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === 'ENOTDIR' ? `${to} lies below a file. Name a folder.` : null;
  }
}

/** An empty folder is free. */
async function isTaken(target: string): Promise<boolean> {
  const there = await lstat(target).catch(() => null);
  return there !== null && (!there.isDirectory() || (await readdir(target)).length > 0);
}

/** Owners and special rights are those of a machine that is not ours. */
async function unpack(response: Response, to: string, above: number, signal: AbortSignal): Promise<void> {
  const tar = spawn('tar', ['-x', '-f', '-', '-C', to, ...UNPACK, `--strip-components=${above}`], {
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  let words = '';
  tar.stderr.on('data', (text) => {
    words = `${words}${text}`.slice(-2_000);
  });
  const ended = once(tar, 'close').catch((cause: unknown) => {
    throw new Failure('bad_request', { why: `"tar" could not be started here: ${reasonOf(cause)}` }, { cause });
  });
  const sent = pipeline(bodyOf(response), tar.stdin, { signal });
  const [[code], came] = await Promise.all([ended, sent.catch((cause: unknown) => cause)]);
  if (code !== 0) throw new Failure('restore_failed', { why: words.trim() || `tar ended with ${code}` });
  if (came instanceof Error) throw new Failure('restore_failed', { why: came.message }, { cause: came });
}

const UNPACK = ['--no-same-owner', '--no-same-permissions'];

/** Under a name of its own until all of it is there and is what was saved. */
async function writeWhole(response: Response, target: string, signal: AbortSignal): Promise<void> {
  const part = `${target}.part`;
  const hash = createHash('sha256');
  const hashing = new Transform({
    transform(chunk, _, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  try {
    await pipeline(bodyOf(response), hashing, createWriteStream(part), { signal });
    const expected = /^sha-256=:(.*):$/.exec(response.headers.get('repr-digest') ?? '')?.[1];
    if (expected !== undefined && hash.digest('base64') !== expected)
      throw new Failure('restore_differs', { why: 'what came is not what was saved; try again' });
    await rename(part, target);
  } catch (cause) {
    await rm(part, { force: true });
    throw cause;
  }
}

const bodyOf = (response: Response): Readable =>
  Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]);
