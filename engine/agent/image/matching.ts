import type { ManifestLine } from '../../domain/agent-protocol.ts';
import { rawPath } from '../../domain/wire-path.ts';
import { msOf } from '../times.ts';
import type { ImageEntry, ImageFile, ImageManifest } from './manifest.ts';

/** An image, and what it has by path: it is asked once for each share of each directory. */
export interface IndexedImage {
  readonly image: ImageManifest;
  readonly byPath: ReadonlyMap<string, ImageEntry>;
}

export function indexed(image: ImageManifest): IndexedImage {
  return { image, byPath: new Map(image.entries.map((entry) => [entry.path, entry])) };
}

export interface Match<E extends ImageEntry = ImageEntry> {
  /** Raw. */
  readonly path: string;
  readonly entry: E;
}

export const isFile = (match: Match): match is Match<ImageFile> => match.entry.type === 'file';

/**
 * What the image has just as the snapshot has it, in the order of the snapshot, in which a directory stands before what is
 * in it. Of a directory that is not as it was restic brings everything.
 */
export function matching({ byPath }: IndexedImage, lines: Iterable<ManifestLine>, root: string): readonly Match[] {
  const folders = new Set([root]);
  const found: Match[] = [];
  for (const line of lines) {
    const entry = byPath.get(line.path);
    const file = entry?.type === 'name' ? byPath.get(entry.of) : entry;
    if (!entry || !file || !isSame(file, line)) continue;
    const path = rawPath(entry.path);
    if (path !== root && !folders.has(path.slice(0, path.lastIndexOf('/')))) continue;
    if (entry.type === 'dir') folders.add(path);
    found.push({ path, entry });
  }
  return found;
}

function isSame(entry: ImageEntry, line: ManifestLine): boolean {
  if (entry.type === 'name' || entry.type !== line.type || entry.mode !== line.mode) return false;
  if (entry.type === 'dir') return true;
  if (entry.type === 'link') return entry.target === line.target;
  return entry.sha256 === line.sha256 && entry.size === line.sizeBytes && msOf(entry.mtimeNs) === line.mtimeMs;
}
