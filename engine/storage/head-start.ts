import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { cachedAt, type HeadStartFile, packHeadStart } from '../restic/head-start.ts';

/** What a restore of this snapshot needs of what lies in a cache of restic's; null when the cache does not know it. */
export async function readHeadStart(cache: string, snapshot: string): Promise<Buffer | null> {
  for (const repository of (await readdir(cache)).filter((name) => ID.test(name))) {
    // A workspace that was made anew under an old name has another repository.
    const own = await readFile(join(cache, cachedAt(repository, 'snapshots', snapshot))).catch(() => null);
    if (own === null) continue;
    const files: HeadStartFile[] = [{ kind: 'snapshots', id: snapshot, bytes: own }];
    let left = BYTES_MAX - own.length;
    // The newest packs hold the folders that changed last; without the index none of them is found.
    for (const kind of ['index', 'data'] as const) {
      for (const { id, size } of await newestFirst(join(cache, repository, kind))) {
        if (size > left) continue;
        const bytes = await readFile(join(cache, cachedAt(repository, kind, id)));
        left -= bytes.length;
        files.push({ kind, id, bytes });
      }
    }
    return packHeadStart(repository, files);
  }
  return null;
}

async function newestFirst(folder: string): Promise<readonly { readonly id: string; readonly size: number }[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && ID.test(entry.name));
  const seen = await Promise.all(
    files.map(async ({ name, parentPath }) => {
      const { size, mtimeMs } = await stat(join(parentPath, name));
      return { id: name, size, mtimeMs };
    }),
  );
  return seen.toSorted((a, b) => b.mtimeMs - a.mtimeMs);
}

const ID = /^[0-9a-f]{64}$/;
/** A second or two on a usual line; what does not fit is asked for one by one. */
const BYTES_MAX = 64 * 1024 * 1024;
