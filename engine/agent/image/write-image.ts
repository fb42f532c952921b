import { lstatSync, readlinkSync } from 'node:fs';
import { setImmediate as breathe } from 'node:timers/promises';
import type { ManifestLine } from '../../domain/agent-protocol.ts';
import { reasonOf } from '../../domain/failures.ts';
import { rawPath, wirePath } from '../../domain/wire-path.ts';
import { isCritical } from '../critical.ts';
import { codeOf } from '../durable.ts';
import type { Place } from '../place.ts';
import { openThreads } from '../threads.ts';
import { msOf } from '../times.ts';
import { type Attributes, attributesOf } from './attributes.ts';
import { imageKeys } from './keys.ts';
import { type Line, openLine } from './line.ts';
import type { ImageEntry, ImageExtent, ImageManifest } from './manifest.ts';
import { indexed } from './matching.ts';
import { type ImageAt, openObjects } from './objects.ts';
import { placeManifest } from './place-manifest.ts';
import { planImage } from './plan.ts';
import type { Placed, SegmentJob, Written } from './segment-writer.ts';

/** The backup that an image is of. */
export interface Backup {
  readonly epoch: number;
  readonly sequence: number;
  readonly snapshot: string;
  readonly contentHash: string;
}

export interface ImageOrder extends ImageAt {
  readonly backup: Backup;
  /** What is in the snapshot. */
  readonly lines: readonly ManifestLine[];
  /** The image that is there already. Each segment that it lists is taken to be in storage, and is not sent again. */
  readonly before: ImageManifest | null;
  /** Of what is there as its manifest, whatever that is. */
  readonly tag: string | null;
  readonly threads: number;
}

export interface WrittenImage {
  /** Null when that of a later backup is there. */
  readonly image: ImageManifest | null;
  /** What could not be read or sent, if anything. */
  readonly why: string | null;
}

/**
 * Writes an image of what a snapshot has, as far as the disk still has it, until the signal says that time is up: what is
 * written by then is an image too, and restic brings the rest. Null when there is nobody to look at extended attributes.
 */
export async function writeImage(
  order: ImageOrder,
  place: Place,
  timeIsUp: AbortSignal,
  signal: AbortSignal,
): Promise<WrittenImage | null> {
  // Before their ctimes, which then tell of a change in between.
  const paths = order.lines.map(({ path }) => place.at(rawPath(path)));
  const attributes = await attributesOf(paths, signal);
  if (attributes === null) return null;
  const found = await look(order.lines, place, signal);
  const first = firstNames(found);
  const files = found.filter((one) => one.line.type === 'file' && first.get(one.twins) === one).sort(byUrgency);
  const wanted = files.flatMap((file) => {
    const { size, sha256, line } = file;
    return sha256 === undefined ? [] : [{ path: rawPath(line.path), size, sha256 }];
  });
  const keys = imageKeys(order.password);
  const plan = planImage(wanted, order.before && indexed(order.before, keys));
  const at = (path: string): string => place.at(path).toString('latin1');
  const job = (bundle: readonly (typeof wanted)[number][], alone: boolean): SegmentJob => ({
    files: bundle.map((file) => ({ ...file, path: at(file.path) })),
    alone,
  });
  const jobs = [...plan.bundles.map((bundle) => job(bundle, false)), ...plan.large.map((file) => job([file], true))];
  const line = openLine(order.before?.segments ?? []);
  const where = new Map<string, Placed>();
  for (const [sha256, { extents, proof }] of plan.had)
    where.set(sha256, { extents: extents.map(([s, ...rest]) => [order.before!.segments[s]![0], ...rest]), proof });
  let why: string | null = null;
  const take = (index: number, written: Written): void => {
    why ??= written.why;
    written.placed.forEach((placed, file) => {
      if (placed) where.set(jobs[index]!.files[file]!.sha256, placed);
    });
  };
  const task = { thread: 'write', image: { password: order.password, at: order.at } } as const;
  const writers = openThreads<SegmentJob, Written>(task, { threads: order.threads, each: 1 }, line.ask);
  const stop = AbortSignal.any([timeIsUp, signal, line.broken]);
  try {
    await writers.run(jobs, take, stop);
    await line.empty(stop);
  } catch (cause) {
    why ??= reasonOf(cause); // what is written by now is an image all the same
  } finally {
    await writers.close();
  }
  signal.throwIfAborted();
  const table = openSegmentTable(line);
  const entries = entriesOf(found, files, attributes, first, where, table);
  why ??= line.why();
  if (stop.aborted || why !== null) keepParts(order.before, line, table, missingBytes(files, entries));
  const manifest: ImageManifest = {
    version: 2,
    ...order.backup,
    whole: entries.length === order.lines.filter(({ type }) => type !== 'other').length,
    segments: table.used,
    entries,
  };
  const objects = openObjects(order.at);
  try {
    const isThere = await placeManifest(objects, manifest, keys, order.tag, signal);
    return { image: isThere ? manifest : null, why };
  } finally {
    objects.close();
  }
}

interface Found {
  readonly line: ManifestLine;
  /** Which of the lines. */
  readonly index: number;
  readonly size: number;
  readonly sha256: string | undefined;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeNs: string;
  readonly ctimeMs: number;
  /** The same for all names of one file. */
  readonly twins: string;
}

/** What is there as the snapshot has it. Devices and pipes are left to restic. */
async function look(lines: readonly ManifestLine[], place: Place, signal: AbortSignal): Promise<Found[]> {
  const found: Found[] = [];
  for (const [at, line] of lines.entries()) {
    if (at % BREATH === 0) await breathe();
    signal.throwIfAborted();
    const path = place.at(rawPath(line.path));
    try {
      const stat = lstatSync(path, { bigint: true });
      const size = Number(stat.size);
      const same =
        line.type === 'file'
          ? stat.isFile() && size === line.sizeBytes && line.sha256 !== undefined
          : line.type === 'link'
            ? stat.isSymbolicLink() && wirePath(readlinkSync(path, 'latin1')) === line.target
            : line.type === 'dir' && stat.isDirectory();
      if (!same) continue;
      found.push({
        line,
        index: at,
        size,
        sha256: line.sha256,
        mode: Number(stat.mode) & 0o7777,
        uid: Number(stat.uid),
        gid: Number(stat.gid),
        mtimeNs: String(stat.mtimeNs),
        ctimeMs: msOf(String(stat.ctimeNs)),
        twins: stat.isFile() && stat.nlink > 1n ? `${stat.dev}:${stat.ino}` : `only ${found.length}`,
      });
    } catch (cause) {
      if (codeOf(cause) === '') throw cause; // else it went
    }
  }
  return found;
}

function firstNames(found: readonly Found[]): ReadonlyMap<string, Found> {
  const first = new Map<string, Found>();
  for (const one of found) if (!first.has(one.twins)) first.set(one.twins, one);
  return first;
}

/** What a person needs first, then the small before the large; a directory's files stay together. */
function byUrgency(a: Found, b: Found): number {
  const [x, y] = [a, b].map(({ line, size }) => (isCritical(line) ? 0 : 1 + size));
  if (x !== y) return x! - y!;
  return a.index - b.index;
}

interface SegmentTable {
  readonly used: [string, number, number][];
  uses(name: string): boolean;
  has(name: string): boolean;
  /** The number it has here, from its first use on. */
  indexOf(name: string): number;
}

/** Segments of this image by their name, each once. */
function openSegmentTable({ stored }: Line): SegmentTable {
  const used: SegmentTable['used'] = [];
  const indices = new Map<string, number>();
  return {
    used,
    uses: (name) => indices.has(name),
    has: (name) => stored.has(name),
    indexOf(name) {
      const had = indices.get(name);
      if (had !== undefined) return had;
      indices.set(name, used.length);
      used.push([...stored.get(name)!]);
      return used.length - 1;
    },
  };
}

function entriesOf(
  found: readonly Found[],
  files: readonly Found[],
  attributes: ReadonlyMap<number, Attributes>,
  first: ReadonlyMap<string, Found>,
  where: ReadonlyMap<string, Placed>,
  table: SegmentTable,
): ImageEntry[] {
  const common = ({ line, index, mode, uid, gid, mtimeNs, ctimeMs }: Found) => {
    const xattrs = attributes.get(index);
    return {
      path: line.path,
      mode,
      uid,
      gid,
      mtimeNs,
      ctimeMs,
      ...(xattrs ? { xattrs: xattrs.map(([n, v]) => [n, v] as [string, string]) } : {}),
    };
  };
  const others = found.flatMap((one): ImageEntry[] => {
    const { type, target = '' } = one.line;
    if (type === 'dir') return [{ type, ...common(one) }];
    return type === 'link' ? [{ type, ...common(one), target }] : [];
  });
  const written = files.flatMap((file): ImageEntry[] => {
    const { size, sha256 = '' } = file;
    if (size === 0) return [{ type: 'file', ...common(file), size, sha256, extents: [] }];
    const placed = where.get(sha256);
    if (!placed?.extents.every(([name]) => table.has(name))) return [];
    const extents = placed.extents.map(([name, ...rest]): ImageExtent => [table.indexOf(name), ...rest]);
    const { proof } = placed;
    return [{ type: 'file', ...common(file), size, sha256, extents, ...(proof ? { proof } : {}) }];
  });
  const there = new Set(written.map(({ path }) => path));
  const names = found.flatMap((one): ImageEntry[] => {
    const of = first.get(one.twins)!;
    if (one.line.type !== 'file' || of === one || !there.has(of.line.path)) return [];
    return [{ type: 'name', path: one.line.path, of: of.line.path }];
  });
  return [...others, ...written, ...names];
}

const missingBytes = (files: readonly Found[], entries: readonly ImageEntry[]): number => {
  const there = new Set(entries.map(({ path }) => path));
  return files.reduce((total, { line, size }) => total + (there.has(line.path) ? 0 : size), 0);
};

/**
 * What is in storage of files that are not whole yet is listed too, so that the next writer goes on from there: what this one
 * met, then what the one before it left. No more than those files can need, since nobody knows whose it is.
 */
function keepParts(before: ImageManifest | null, { asked, stored }: Line, table: SegmentTable, bytesMax: number): void {
  const used = new Set(
    before?.entries.flatMap((entry) => (entry.type === 'file' ? entry.extents.map(([s]) => s) : [])),
  );
  const left = before?.segments.flatMap(([name], index) => (used.has(index) ? [] : [name])) ?? [];
  let bytes = 0;
  for (const name of [...asked, ...left]) {
    if (!stored.has(name) || table.uses(name)) continue;
    bytes += stored.get(name)![1];
    if (bytes > bytesMax) return;
    table.indexOf(name);
  }
}

const BREATH = 1_000;
