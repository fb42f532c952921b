import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, lstat, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { rawPath } from '../domain/wire-path.ts';
import { type Reach, restore } from '../restic/commands.ts';
import { patternFile, patternFor } from '../restic/exclude-patterns.ts';
import { readLine } from '../restic/readings.ts';

interface Asked {
  readonly reach: Reach;
  readonly snapshot: string;
  readonly paths: readonly string[];
  /** Of this call alone; it is gone afterwards. */
  readonly folder: string;
}

type Run = (args: readonly string[], onLine: (line: string) => void) => Promise<void>;

/**
 * Brings these files with one restic and hashes them. Each start of restic reads the index of the whole repository, so that
 * one for every file would take many times as long, while people's programs stand still. Nothing when they are too much
 * for a disk that is not theirs.
 */
export async function readBack({ reach, snapshot, paths, folder }: Asked, run: Run): Promise<Map<string, string>> {
  const [includeFile, target] = [join(folder, 'include'), join(folder, 'files')];
  const digests = new Map<string, string>();
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(includeFile, patternFile(paths.map((path) => patternFor(rawPath(`/${path}`)))), { mode: 0o600 });
    const order = { ...reach, snapshot, folder: '/', target, only: { includeFile } };
    let bytes = Number.POSITIVE_INFINITY;
    await run(restore({ ...order, dryRun: true }), (line) => {
      const said = readLine(line);
      if (said?.message_type === 'summary') bytes = said.bytes_restored;
    });
    if (bytes > BYTES_MAX) return digests;
    await run(restore(order), () => undefined);
    for (const path of paths) {
      const digest = await digestOf(join(target, path));
      if (digest !== null) digests.set(path, digest);
    }
    return digests;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function digestOf(file: string): Promise<string | null> {
  const stat = await lstat(file).catch(() => null);
  if (!stat?.isFile()) return null;
  await chmod(file, 0o600); // its own rights may keep even its owner out
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

const BYTES_MAX = 64_000_000;
