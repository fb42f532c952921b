import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { statIfAny } from './look-at.ts';
import type { Place } from './place.ts';

/**
 * Writes what is still in memory of these directories' file systems. A page that a program changes through a mapping moves
 * its file's time only once after each such writing, so without it a change could go unseen.
 */
export async function flush(place: Place, roots: readonly string[], signal: AbortSignal): Promise<void> {
  const devices = new Map(
    roots.flatMap((root) => {
      const stat = statIfAny(place, root);
      return stat ? [[stat.dev, root] as const] : [];
    }),
  );
  for (const root of devices.values()) {
    try {
      // The path is one of ours or was checked to be UTF-8.
      await promisify(execFile)('sync', ['-f', place.at(root).toString('utf8')], { signal, timeout: FLUSH_MS });
    } catch {
      signal.throwIfAborted(); // an image without `sync`, or a disk that takes longer: the second walk still sees most
    }
  }
}

const FLUSH_MS = 60_000;
