import type { ImageFile, ImageManifest } from './manifest.ts';
import type { IndexedImage } from './matching.ts';

/** A file that belongs into an image, with where it lies in the last one, if it does. */
export interface Wanted {
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
}

export interface Plan<W extends Wanted> {
  /** By hash: where the image before this one has it already. It stays there at least until it is written anew. */
  readonly had: ReadonlyMap<string, ImageFile>;
  /** Files that share a segment. */
  readonly bundles: readonly (readonly W[])[];
  /** Files with segments of their own. */
  readonly large: readonly W[];
}

/**
 * What has to be written, in the order it is wanted. What the last image has stays where it is, until a quarter of its
 * segment is of no use any more, or there are many small segments: then it moves.
 */
export function planImage<W extends Wanted>(wanted: readonly W[], before: IndexedImage | null): Plan<W> {
  const had = hadIn(before, wanted);
  const kept = keptOf(had, before?.image ?? null);
  const seen = new Set<string>();
  const large: W[] = [];
  const bundles: W[][] = [];
  let bundle: W[] = [];
  let bytes = 0;
  for (const file of wanted) {
    if (file.size === 0 || kept.has(file.sha256) || seen.has(file.sha256)) continue;
    seen.add(file.sha256);
    if (file.size > LARGE_BYTES) {
      large.push(file);
      continue;
    }
    if (bytes + file.size > SEGMENT_BYTES && bundle.length > 0) {
      bundles.push(bundle);
      bundle = [];
      bytes = 0;
    }
    bundle.push(file);
    bytes += file.size;
  }
  if (bundle.length > 0) bundles.push(bundle);
  return { had, bundles, large };
}

function hadIn(before: IndexedImage | null, wanted: readonly Wanted[]): Map<string, ImageFile> {
  const files = new Map<string, ImageFile>();
  for (const entry of before?.image.entries ?? []) if (entry.type === 'file') files.set(entry.sha256, entry);
  const had = new Map<string, ImageFile>();
  for (const { sha256, size } of wanted) {
    const file = files.get(sha256);
    if (file?.size === size && before?.isProven(file)) had.set(sha256, file);
  }
  return had;
}

/** Hashes of what need not move. */
function keptOf(had: ReadonlyMap<string, ImageFile>, before: ImageManifest | null): ReadonlySet<string> {
  const bytesOf = (segment: number): number => before?.segments[segment]?.[1] ?? 0;
  const alive = new Map<number, number>();
  const small = new Set<number>();
  for (const { size, extents } of had.values())
    for (const [segment, , bytes] of extents) {
      alive.set(segment, (alive.get(segment) ?? 0) + bytes);
      // The end of a large file is small, and stays so.
      if (size <= LARGE_BYTES && bytesOf(segment) < SMALL_BYTES) small.add(segment);
    }
  const moves = (segment: number): boolean =>
    alive.get(segment)! < bytesOf(segment) * ALIVE || (small.size > SMALL_MAX && small.has(segment));
  const kept = new Set<string>();
  for (const [sha256, { extents }] of had) if (!extents.some(([segment]) => moves(segment))) kept.add(sha256);
  return kept;
}

/** Its hash can be compared before anything of it is on the disk. Others have a proof. */
export const isInOnePiece = (size: number, extents: readonly (readonly [unknown, number, number, number])[]): boolean =>
  extents.length === 1 && extents[0]![2] === size;

/** Large enough that asking for one is little beside fetching it, small enough that 32 of them fit into memory. */
export const SEGMENT_BYTES = 8 * 1024 * 1024;
const LARGE_BYTES = 4 * 1024 * 1024;
const ALIVE = 0.75;
/** Each costs a wake a request, and a day of small changes makes dozens. */
const SMALL_BYTES = 1024 * 1024;
const SMALL_MAX = 16;
