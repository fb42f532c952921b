import { statfsSync } from 'node:fs';
import type { ManifestLine } from '../domain/agent-protocol.ts';
import { Failure } from '../domain/failures.ts';
import { rawPath } from '../domain/wire-path.ts';
import type { Job } from './bring-part.ts';
import { PARTS, type Part, stagingOf } from './fetch-share.ts';
import { statOf } from './look-at.ts';
import type { Place } from './place.ts';

/** Says that a snapshot does not fit before anything of it is fetched. */
export function checkSpace({ place, roots, state, known }: Job): void {
  const wanted = new Map<number, { bytes: number; folder: string }>();
  for (const root of roots) {
    const folder = existing(place, root.root);
    const device = statOf(place, folder)?.dev ?? 0;
    const parts = PARTS.filter((part) => !state.fetched.includes(part));
    const bytes = parts.reduce((total, part) => total + bytesLeft(place, root.root, part, root.parts[part], known), 0);
    const before = wanted.get(device)?.bytes ?? 0;
    wanted.set(device, { bytes: before + bytes, folder });
  }
  for (const { bytes, folder } of wanted.values()) {
    const { bavail, bsize } = statfsSync(place.at(folder));
    const free = bavail * bsize;
    const needed = bytes === 0 ? 0 : bytes * MARGIN + SPARE_BYTES;
    if (needed > free)
      throw new Failure('machine_disk_full', { why: `/${folder} has ${gb(free)} free and ${gb(needed)} are needed` });
  }
}

/** What is staged already, or lies there as the image brought it with the same size, most likely needs no room. */
function bytesLeft(
  place: Place,
  root: string,
  part: Part,
  lines: readonly ManifestLine[],
  known: Job['known'],
): number {
  const begun = statOf(place, stagingOf(root, part)) !== null;
  let bytes = 0;
  for (const line of lines) {
    if (line.type !== 'file') continue;
    const path = rawPath(line.path);
    const there = known.mention(path) ? statOf(place, path) : null;
    if (there?.size === line.sizeBytes && known.has(path, there)) continue;
    const staged = begun ? statOf(place, `${stagingOf(root, part)}${path.slice(root.length)}`) : null;
    bytes += Math.max(line.sizeBytes - (staged?.blocks ?? 0) * 512, 0);
  }
  return bytes;
}

export function existing(place: Place, root: string): string {
  return statOf(place, root) ? root : '';
}

export const gb = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;

/** What file systems need for themselves. */
export const MARGIN = 1.02;
export const SPARE_BYTES = 64 * 1024 * 1024;
