import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
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
}

/** Brings files of a snapshot onto this computer; no machine is needed. Returns where they are. */
export async function downloadTo(
  { snapshot, workspace, path, to }: Wanted,
  engine: EngineClient,
  signal: AbortSignal,
): Promise<string> {
  const query = { instance_id: workspace, ...(path !== '' && { path }) };
  const response = await engine.open(`/api/v1/snapshots/${snapshot}/download`, query, signal);
  await mkdir(to, { recursive: true });
  if (response.headers.get('content-type') === 'application/x-tar') {
    await unpack(response, to, signal);
    return path === '' ? to : join(to, path);
  }
  const target = join(to, path.split('/').at(-1) ?? '');
  await writeWhole(response, target, signal);
  return target;
}

async function unpack(response: Response, to: string, signal: AbortSignal): Promise<void> {
  const tar = spawn('tar', ['-x', '-f', '-', '-C', to], { stdio: ['pipe', 'ignore', 'pipe'] });
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
