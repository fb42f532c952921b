import { chmod, lstat, mkdir, mkdtemp, readdir, rename, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure, reasonOf } from '../domain/failures.ts';

/**
 * Lets files come into a fresh folder, and moves them into `parts` below `base` when all of them are there.
 *
 * What is in a snapshot was written on a machine that is not ours. Where the files come, no link of an earlier restore stands
 * in their way; and they are moved through real directories only, so that nothing is ever written outside of `base`.
 * Without `replace`, and when they stop coming, they take only places that are free; what came need not come again.
 */
export async function placeFiles(
  base: string,
  parts: readonly string[],
  replace: boolean,
  come: (fresh: string) => Promise<void>,
): Promise<void> {
  try {
    const folder = await makeFolders(base, parts, replace);
    const fresh = await mkdtemp(join(folder, '.dumont-'));
    try {
      const trouble = await come(fresh).then(
        () => null,
        (cause: unknown) => ({ cause }),
      );
      await moveAll(Buffer.from(fresh), Buffer.from(folder), replace && trouble === null);
      if (trouble) throw trouble.cause;
    } finally {
      await discard(Buffer.from(fresh));
    }
  } catch (cause) {
    if (!(cause instanceof Error && 'syscall' in cause)) throw cause;
    throw new Failure('restore_failed', { why: reasonOf(cause) }, { cause });
  }
}

async function makeFolders(base: string, parts: readonly string[], replace: boolean): Promise<string> {
  let folder = base;
  for (const part of parts) {
    folder = join(folder, part);
    const there = await lookUp(folder);
    if (there?.isDirectory()) continue;
    if (there && replace) await unlink(folder);
    await mkdir(folder);
  }
  return folder;
}

/** By their bytes: a name on Linux need not be text. */
async function moveAll(from: Buffer, to: Buffer, replace: boolean): Promise<void> {
  for (const name of await readdir(from, 'buffer')) await move(below(from, name), below(to, name), replace);
}

/** A directory that is there already keeps what else is in it. Of one that may not be written, the right is taken for a moment. */
async function move(from: Buffer, to: Buffer, replace: boolean): Promise<void> {
  const [came, there] = [await lstat(from), await lookUp(to)];
  const merged = came.isDirectory() && there?.isDirectory();
  if (there && !merged && !replace) return;
  if (!came.isDirectory()) return await rename(from, to);
  if (there && !merged) await unlink(to);
  const mode = came.mode & 0o777;
  for (const folder of merged ? [from, to] : [from]) await chmod(folder, mode | 0o700);
  if (merged) await moveAll(from, to, replace);
  else await rename(from, to);
  await chmod(to, mode);
}

/** Also what is in directories that may not be written. */
async function discard(folder: Buffer): Promise<void> {
  await chmod(folder, 0o700);
  for (const one of await readdir(folder, { encoding: 'buffer', withFileTypes: true }))
    if (one.isDirectory()) await discard(below(folder, one.name));
    else await unlink(below(folder, one.name));
  await rmdir(folder);
}

const lookUp = async (at: string | Buffer) => await lstat(at).catch(() => null);
const below = (folder: Buffer, name: Buffer): Buffer => Buffer.concat([folder, Buffer.from('/'), name]);
