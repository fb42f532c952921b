import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, mkdir, readdir, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { reasonOf } from '../domain/failures.ts';
import type { Log } from '../domain/ports.ts';
import { rawPath } from '../domain/wire-path.ts';

/**
 * Hashes these files of what restic brought, those that came. What it brings has the rights it was saved with, which may keep
 * even its owner from reading and removing it; and what lies behind a link is another's.
 */
export async function digestsIn(
  folder: string,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<Map<string, string>> {
  const asked = new Map(paths.map((path) => [rawPath(path), path]));
  const below = Buffer.byteLength(folder) + 1;
  const left: { readonly file: Buffer; readonly path: string }[] = [];
  await mkdir(folder, { recursive: true }); // restic makes none where nothing came
  for await (const file of filesIn(Buffer.from(folder))) {
    const path = asked.get(file.toString('latin1', below));
    if (path !== undefined) left.push({ file, path });
  }
  const digests = new Map<string, string>();
  const next = async (): Promise<void> => {
    for (let one = left.pop(); one !== undefined; one = left.pop()) {
      signal.throwIfAborted();
      await chmod(one.file, 0o600);
      const hash = createHash('sha256');
      await pipeline(createReadStream(one.file), hash);
      digests.set(one.path, hash.digest('hex'));
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, next));
  return digests;
}

/** Nothing that was read fails because this does. */
export async function clearAway(folder: string, log: Log): Promise<void> {
  const remove = async (): Promise<void> => await rm(folder, { recursive: true, force: true });
  try {
    await remove().catch(async () => {
      for await (const _ of filesIn(Buffer.from(folder))); // opens every folder
      await remove();
    });
  } catch (cause) {
    log('scratch.not_removed', { folder, why: reasonOf(cause) }, 'WARNING');
  }
}

/** Of what engines that were killed left there. */
export async function emptyScratch(scratch: string, log: Log): Promise<void> {
  await mkdir(scratch, { recursive: true, mode: 0o700 });
  for (const name of await readdir(scratch)) await clearAway(join(scratch, name), log);
}

async function* filesIn(folder: Buffer): AsyncGenerator<Buffer> {
  await chmod(folder, 0o700);
  for (const entry of await readdir(folder, { withFileTypes: true, encoding: 'buffer' })) {
    const path = Buffer.concat([folder, Buffer.from('/'), entry.name]);
    if (entry.isDirectory()) yield* filesIn(path);
    else if (entry.isFile()) yield path;
  }
}
