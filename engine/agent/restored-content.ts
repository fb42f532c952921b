import type { ManifestLine } from '../domain/agent-protocol.ts';
import { rawPath } from '../domain/wire-path.ts';
import { contentHash } from '../policy/content-hash.ts';
import type { Job } from './bring-part.ts';
import { hashEntries } from './hash-entries.ts';
import { isKeyFile } from './key-file.ts';
import { statOf } from './look-at.ts';
import { manifestLine } from './manifest.ts';
import { type Entry, entryOf } from './walk.ts';

/**
 * The content hash over what lies on the disk now, of the paths that the snapshot has. It is the snapshot's own unless a
 * person changed something meanwhile. Files that were compared and not touched since are not read again.
 */
export async function restoredContent({ place, lines, cache, hashers }: Job, signal: AbortSignal): Promise<string> {
  const found: { line: ManifestLine; entry: Entry }[] = [];
  for (const line of lines) {
    const path = rawPath(line.path);
    const stat = statOf(place, path);
    const entry = stat && entryOf(place, path, stat);
    if (entry) found.push({ line, entry });
  }
  const wanted = found.filter(({ line }) => line.sha256 !== undefined).map(({ entry }) => entry);
  const { sha256 } = await hashEntries(place, wanted, cache, signal, hashers);
  cache.save();
  return contentHash(
    found.map(({ line, entry }) => {
      // It holds this machine's keys and the snapshot's.
      if (isKeyFile(entry.path)) return line;
      const now = manifestLine(entry, sha256.get(entry.path));
      // A file that was being written when it was saved: nobody knows what its data and its time ought to be.
      return line.type === 'file' && line.sha256 === undefined ? { ...line, mode: now.mode } : now;
    }),
  );
}
