import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { rawPath } from '../domain/wire-path.ts';
import { wholeLines } from '../policy/manifest-change.ts';
import type { Claim } from './claim.ts';
import type { Hashes } from './hash-entries.ts';
import type { Place } from './place.ts';
import { tookHere } from './taken-here.ts';
import type { Entry } from './walk.ts';

/** How restic may tell that a file did not change, and need not be read. */
export interface Comparison {
  readonly parent: string | null;
  readonly ignoreInode: boolean;
}

/**
 * With a snapshot of this machine restic compares size, mtime, ctime and inode. What was restored here has other inodes and
 * ctimes than in its snapshot, so only size and mtime are left to compare, and a file that was changed under its old time
 * would be missed: our hashes tell whether there is one, and then everything is read.
 */
export function comparisonWith(
  place: Place,
  claim: Claim,
  parent: string | null,
): Comparison | ((entries: readonly Entry[], hashes: Hashes) => Comparison) {
  if (parent === null || parent !== claim.snapshot || tookHere(place, parent)) return { parent, ignoreInode: false };
  return (entries, hashes) => {
    const restored = new Map(restoredLines(place, parent).map((line) => [rawPath(line.path), line]));
    const deceives = entries.some((entry) => {
      const line = restored.get(entry.path);
      const sha256 = hashes.sha256.get(entry.path);
      if (line?.type !== 'file' || sha256 === undefined || line.sha256 === sha256) return false;
      return line.sizeBytes === entry.size && line.mtimeMs === Math.floor(entry.mtimeMs);
    });
    if (restored.size === 0 || deceives) return { parent: null, ignoreInode: false };
    return { parent, ignoreInode: true };
  };
}

/** Where a restore leaves the manifest of what it brought, whole. */
export const manifestFileOf = (place: Place, snapshot: string): string =>
  join(place.home, 'restore', `${snapshot}.manifest.gz`);

function restoredLines(place: Place, snapshot: string): ReturnType<typeof wholeLines> {
  try {
    return wholeLines(gunzipSync(readFileSync(manifestFileOf(place, snapshot))));
  } catch {
    return []; // without it nothing may be skipped
  }
}
