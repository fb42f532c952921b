import { hash } from 'node:crypto';
import type { ManifestLine } from '../../domain/agent-protocol.ts';
import { rawPath } from '../../domain/wire-path.ts';
import { msOf } from '../times.ts';
import type { ImageKeys } from './keys.ts';
import type { ImageEntry, ImageFile, ImageManifest } from './manifest.ts';
import { isInOnePiece } from './plan.ts';
import { proofOf } from './seal.ts';

/** An image, and what it has by path: it is asked once for each share of each directory. */
export interface IndexedImage {
  readonly image: ImageManifest;
  readonly byPath: ReadonlyMap<string, ImageEntry>;
  /** Whether what it says of a file's place is what its writer said of the file's hash, if that cannot be compared itself. */
  isProven(file: ImageFile): boolean;
}

export function indexed(image: ImageManifest, keys: ImageKeys): IndexedImage {
  const nameAt = (index: number): string => image.segments[index]![0];
  return {
    image,
    byPath: new Map(image.entries.map((entry) => [entry.path, entry])),
    isProven(file) {
      if (file.size === 0) return file.sha256 === OF_NOTHING;
      const extents = file.extents.map(([segment, ...rest]) => [nameAt(segment), ...rest] as const);
      return isInOnePiece(file.size, extents) || file.proof === proofOf(keys, file, extents);
    },
  };
}

export interface Match<E extends ImageEntry = ImageEntry> {
  /** Raw. */
  readonly path: string;
  readonly entry: E;
}

export const isFile = (match: Match): match is Match<ImageFile> => match.entry.type === 'file';

/** What the image has just as the snapshot has it, in the order of the snapshot, in which a directory stands before what is in it. */
export function matching({ byPath }: IndexedImage, lines: Iterable<ManifestLine>): readonly Match[] {
  const found: Match[] = [];
  for (const line of lines) {
    const entry = byPath.get(line.path);
    const file = entry?.type === 'name' ? byPath.get(entry.of) : entry;
    if (entry && file && isSame(file, line)) found.push({ path: rawPath(entry.path), entry });
  }
  return found;
}

/**
 * The lines of a snapshot say nothing of owners, extended attributes, and which names are of one file. A file of which the
 * disk says that nothing was changed since has all of that as it was, and any other is left to restic.
 */
function isSame(entry: ImageEntry, line: ManifestLine): boolean {
  if (entry.type === 'name' || entry.type !== line.type || entry.mode !== line.mode) return false;
  if (entry.ctimeMs === undefined || entry.ctimeMs !== line.ctimeMs) return false;
  if (entry.type === 'dir') return true;
  if (entry.type === 'link') return entry.target === line.target;
  return entry.sha256 === line.sha256 && entry.size === line.sizeBytes && msOf(entry.mtimeNs) === line.mtimeMs;
}

const OF_NOTHING = hash('sha256', '');
