import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log, RestoredFiles } from '../domain/ports.ts';
import { rawPath } from '../domain/wire-path.ts';
import { type Reach, restore } from '../restic/commands.ts';
import { patternFile, patternFor } from '../restic/exclude-patterns.ts';
import { readLine } from '../restic/readings.ts';
import { clearAway, digestsIn } from './scratch.ts';

interface Asked {
  readonly reach: Reach;
  readonly snapshot: string;
  readonly paths: readonly string[];
  /** Everything, not only these. */
  readonly whole: boolean;
  /** Of this call alone; it is gone afterwards. */
  readonly folder: string;
  readonly log: Log;
}

/** Brings a snapshot or some of it, as a machine would, and hashes what came. Only bringing it is timed. */
export async function restoreHere(
  { reach, snapshot, paths, whole, folder, log }: Asked,
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
    return { digests: await digestsIn(target, paths, signal), bytes, ms };
  } finally {
    await clearAway(folder, log);
  }
}
