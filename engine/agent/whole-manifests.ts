import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { writeWhole } from '../files/whole-file.ts';
import { contentHash } from '../policy/content-hash.ts';
import { type Base, wholeLines } from '../policy/manifest-change.ts';
import { manifestFileOf } from './parent.ts';
import type { Place } from './place.ts';

/**
 * The last whole manifests of this machine, which later ones may be a change of. Only of one that is in the catalogue: the
 * engine names it, and nothing depends on our still having it.
 */
export function wholeManifest(place: Place, snapshot: string): Base | null {
  for (const file of [fileOf(place, snapshot), manifestFileOf(place, snapshot)]) {
    try {
      const lines = wholeLines(gunzipSync(readFileSync(file)));
      return { id: snapshot, contentHash: contentHash(lines), lines };
    } catch {
      // not there, or torn by a crash
    }
  }
  return null;
}

export function keepWhole(place: Place, snapshot: string, bytes: Uint8Array): void {
  const file = fileOf(place, snapshot);
  writeWhole(file, bytes);
  const folder = join(place.home, 'cache');
  const kept = readdirSync(folder)
    .filter((name) => name.startsWith(MARK))
    .map((name) => ({ name, at: statSync(join(folder, name)).mtimeMs }));
  for (const { name } of kept.toSorted((a, b) => b.at - a.at).slice(KEPT)) rmSync(join(folder, name), { force: true });
}

const MARK = 'whole-';
const fileOf = (place: Place, snapshot: string): string => join(place.home, 'cache', `${MARK}${snapshot}.gz`);
/** The engine may not have entered the newest ones yet. */
const KEPT = 3;
