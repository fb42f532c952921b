import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, mkdir, rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { RestoredFiles } from '../domain/ports.ts';
import { rawPath } from '../domain/wire-path.ts';
import { type Reach, restore } from '../restic/commands.ts';
import { patternFile, patternFor } from '../restic/exclude-patterns.ts';
import { readLine } from '../restic/readings.ts';

interface Asked {
  readonly reach: Reach;
  readonly snapshot: string;
  readonly paths: readonly string[];
  /** Everything, not only these. */
  readonly whole: boolean;
  /** Of this call alone; it is gone afterwards. */
  readonly folder: string;
}

/** Brings a snapshot or some of it, as a machine would, and hashes what came. Only bringing it is timed. */
export async function restoreHere(
  { reach, snapshot, paths, whole, folder }: Asked,
  run: (args: readonly string[], onLine: (line: string) => void) => Promise<void>,
  signal: AbortSignal,
): Promise<RestoredFiles> {
  const target = join(folder, 'files');
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const includeFile = join(folder, 'include');
    await writeFile(includeFile, patternFile(paths.map((path) => patternFor(rawPath(`/${path}`)))), { mode: 0o600 });
    const only = whole ? null : { includeFile };
    const began = performance.now();
    let bytes = 0;
    await run(restore({ ...reach, snapshot, folder: '/', target, only }), (line) => {
      const said = readLine(line);
      if (said?.message_type === 'summary') bytes = said.bytes_restored;
    });
    const ms = performance.now() - began;
    const digests = new Map<string, string>();
    const left = [...paths];
    const next = async (): Promise<void> => {
      for (let path = left.shift(); path !== undefined; path = left.shift()) {
        signal.throwIfAborted();
        const digest = await digestOf(Buffer.concat([Buffer.from(`${target}/`), Buffer.from(rawPath(path), 'latin1')]));
        if (digest !== null) digests.set(path, digest);
      }
    };
    await Promise.all(Array.from({ length: availableParallelism() }, next));
    return { digests, bytes, ms };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function digestOf(file: Buffer): Promise<string | null> {
  const stat = await lstat(file).catch(() => null);
  if (!stat?.isFile()) return null;
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
