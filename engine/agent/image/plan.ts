import type { ImageFile, ImageManifest } from './manifest.ts';

/** A file that belongs into an image, with where it lies in the last one, if it does. */
export interface Wanted {
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
}

export interface Plan<W extends Wanted> {
  /** By hash: where the image before this one has it already. */
  readonly kept: ReadonlyMap<string, ImageFile>;
  /** Files that share a segment. */
  readonly bundles: readonly (readonly W[])[];
  /** Files with segments of their own. */
  readonly large: readonly W[];
}

/**
 * What has to be written, in the order it is wanted. What the last image has stays where it is, until a quarter of its
 * segment is of no use any more: then the rest of it moves too.
 */
export function planImage<W extends Wanted>(wanted: readonly W[], before: ImageManifest | null): Plan<W> {
  const kept = keptFrom(wanted, before);
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
  return { kept, bundles, large };
}

function keptFrom(wanted: readonly Wanted[], before: ImageManifest | null): Map<string, ImageFile> {
  const had = new Map<string, ImageFile>();
  for (const entry of before?.entries ?? []) if (entry.type === 'file') had.set(entry.sha256, entry);
  const kept = new Map<string, ImageFile>();
  const alive = new Map<number, number>();
  for (const { sha256, size } of wanted) {
    const file = had.get(sha256);
    if (!file || file.size !== size || kept.has(sha256)) continue;
    kept.set(sha256, file);
    for (const [segment, , bytes] of file.extents) alive.set(segment, (alive.get(segment) ?? 0) + bytes);
  }
  const thin = (segment: number): boolean => (alive.get(segment) ?? 0) < (before?.segments[segment]?.[1] ?? 0) * ALIVE;
  for (const [sha256, file] of kept) if (file.extents.some(([segment]) => thin(segment))) kept.delete(sha256);
  return kept;
}

/** Large enough that asking for one is little beside fetching it, small enough that 32 of them fit into memory. */
export const SEGMENT_BYTES = 8 * 1024 * 1024;
const LARGE_BYTES = 4 * 1024 * 1024;
const ALIVE = 0.75;
