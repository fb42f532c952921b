import type { ManifestLine } from '../../domain/agent-protocol.ts';
import type { AtRisk } from '../../domain/agent-shapes.ts';
import { wirePath } from '../../domain/wire-path.ts';
import { contentHash } from '../../policy/content-hash.ts';
import type { SeenElsewhere } from '../elsewhere.ts';
import { openHashCache } from '../hash-cache.ts';
import { hashEntries } from '../hash-entries.ts';
import { manifestLine } from '../manifest.ts';
import type { Place } from '../place.ts';
import { newestFiles } from '../proof.ts';
import { withReplaced } from '../replaced-files.ts';
import { type Asked, scopeOf } from '../scope.ts';
import { type Entry, walk } from '../walk.ts';

export interface Content {
  readonly contentHash: string;
  readonly lines: readonly ManifestLine[];
  /** Not in any backup, and not to be remade. */
  readonly atRisk: readonly AtRisk[];
  /** Wire paths of files, those that changed last first. */
  readonly newest: readonly string[];
  /** Paths that are not any more what they were. */
  movedSince(signal: AbortSignal): Promise<readonly string[]>;
}

/** What lies here now, of what a backup is about. Only what changed since it was last hashed is read. */
export async function contentHere(
  place: Place,
  what: Asked,
  seen: SeenElsewhere,
  signal: AbortSignal,
): Promise<Content> {
  const walked = await walk(place, scopeOf(place, what, seen), signal);
  const hashes = await hashEntries(place, walked.entries, openHashCache(place), signal);
  const lines = walked.entries
    .filter((entry) => entry.type !== 'file' || hashes.sha256.has(entry.path))
    .map((entry) => manifestLine(entry, hashes.sha256.get(entry.path)));
  return {
    contentHash: contentHash(lines),
    lines: withReplaced(place, lines, walked.elsewhere),
    atRisk: [...walked.atRisk, ...hashes.unreadable],
    newest: newestFiles(walked.entries).map(wirePath),
    async movedSince(again) {
      const left = new Map(walked.entries.map((entry) => [entry.path, stampOf(entry)]));
      const later = await walk(place, scopeOf(place, what, seen), again);
      const moved = later.entries.filter((entry) => left.get(entry.path) !== stampOf(entry));
      for (const entry of later.entries) left.delete(entry.path);
      return [...moved.map((entry) => entry.path), ...left.keys()].map(wirePath);
    },
  };
}

/** A directory that only got another time is the same: its entries say the rest. */
function stampOf({ type, mode, size, mtimeMs, ctimeMs, inode }: Entry): string {
  return type === 'dir' ? `dir ${mode}` : [type, mode, size, mtimeMs, ctimeMs, inode].join(' ');
}
