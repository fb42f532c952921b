import { closeSync, ftruncateSync } from 'node:fs';
import type { ImageFile, ImageManifest } from './manifest.ts';
import type { Match } from './matching.ts';
import { isInOnePiece } from './plan.ts';
import { openNew, type Piece, type ReadJob, type Whole } from './segment-reader.ts';

export interface FetchList {
  readonly jobs: readonly ReadJob[];
  /** By job: the files with something in it, and which is their first piece there. */
  readonly files: readonly (readonly Part[])[];
  /** How many segments of a file are still to come. */
  readonly left: Map<Match<ImageFile>, number>;
  /** Those that come in several pieces, or in none: they are made here, empty and as long as they will be. */
  readonly apart: ReadonlySet<Match<ImageFile>>;
}

export interface Part {
  readonly file: Match<ImageFile>;
  readonly piece: number;
}

/** Each segment once, the most urgent first. `pathOf`: where a file goes, as the system is asked for it, raw. */
export function fetchList(
  image: ImageManifest,
  files: readonly Match<ImageFile>[],
  pathOf: (match: Match) => string,
): FetchList {
  const segments = new Map<number, { pieces: Piece[]; files: Part[] }>();
  const left = new Map<Match<ImageFile>, number>();
  const apart = new Set<Match<ImageFile>>();
  for (const file of files) {
    const { entry } = file;
    const path = pathOf(file);
    const isWhole = isInOnePiece(entry.size, entry.extents);
    if (!isWhole) {
      const handle = openNew(path, 0o600);
      ftruncateSync(handle, entry.size);
      closeSync(handle);
      apart.add(file);
    }
    for (const [segment, from, bytes, to] of entry.extents) {
      const there = segments.get(segment) ?? { pieces: [], files: [] };
      segments.set(segment, there);
      there.pieces.push({ path, from, bytes, to, whole: isWhole ? wholeOf(entry) : null });
      if (there.files.at(-1)?.file === file) continue;
      there.files.push({ file, piece: there.pieces.length - 1 });
      left.set(file, (left.get(file) ?? 0) + 1);
    }
  }
  // The writer numbers them by the first file that needs them.
  const all = [...segments].sort(([a], [b]) => a - b);
  return {
    jobs: all.map(([index, { pieces }]) => {
      const [name, bytes] = image.segments[index]!;
      return { name, bytes, pieces };
    }),
    files: all.map(([, segment]) => segment.files),
    left,
    apart,
  };
}

const wholeOf = ({ mode, uid, gid, mtimeNs, sha256 }: ImageFile): Whole => ({ mode, uid, gid, mtimeNs, sha256 });
