import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../domain/ports.ts';
import { rawPath } from '../domain/wire-path.ts';
import { type Reach, restore } from '../restic/commands.ts';
import { patternFile, patternFor } from '../restic/exclude-patterns.ts';
import { readLine } from '../restic/readings.ts';
import { clearAway, digestsIn } from './scratch.ts';

interface Asked {
  readonly reach: Reach;
  readonly snapshot: string;
  readonly paths: readonly string[];
  /** Of this call alone; it is gone afterwards. */
  readonly folder: string;
  readonly log: Log;
}

type Run = (args: readonly string[], onLine: (line: string) => void) => Promise<void>;

/**
 * Brings these files with one restic and hashes them. Each start of restic reads the index of the whole repository, so that
 * one for every file would take many times as long, while people's programs stand still. Nothing when they are too much
 * for a disk that is not theirs.
 */
export async function readBack(
  { reach, snapshot, paths, folder, log }: Asked,
  run: Run,
  signal: AbortSignal,
): Promise<Map<string, string>> {
  const [includeFile, target] = [join(folder, 'include'), join(folder, 'files')];
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(includeFile, patternFile(paths.map((path) => patternFor(rawPath(`/${path}`)))), { mode: 0o600 });
    const order = { ...reach, snapshot, folder: '/', target, only: { includeFile } };
    let bytes = Number.POSITIVE_INFINITY;
    await run(restore({ ...order, dryRun: true }), (line) => {
      const said = readLine(line);
      if (said?.message_type === 'summary') bytes = said.bytes_restored;
    });
    if (bytes > BYTES_MAX) return new Map();
    await run(restore(order), () => undefined);
    return await digestsIn(target, paths, signal);
  } finally {
    await clearAway(folder, log);
  }
}

const BYTES_MAX = 64_000_000;
