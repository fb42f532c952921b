import { statfsSync } from 'node:fs';
import type { ManifestLine } from '../domain/agent-protocol.ts';
import { Failure } from '../domain/failures.ts';
import { rawPath } from '../domain/wire-path.ts';
import type { KnownFiles } from './known-files.ts';
import { statOf } from './look-at.ts';
import type { Place } from './place.ts';
import { parentsOf } from './share-patterns.ts';
import { existing, gb, MARGIN, SPARE_BYTES } from './space.ts';

type Lines = readonly ManifestLine[];

/** By top-level directory, what is fetched and compared before any of it takes its place. */
export type Round = ReadonlyMap<string, Lines>;

/**
 * Everything in one round where there is room for all of it beside what is there; else in rounds that fit, each complete in
 * itself. What cannot fit in any way is refused here, before anything is touched. `known`: what may give way.
 */
export function planRounds(
  place: Place,
  wanted: ReadonlyMap<string, Lines>,
  known: Pick<KnownFiles, 'has'>,
): readonly Round[] {
  const roots = [...wanted].map(([root, lines]) => {
    const folder = existing(place, root);
    return {
      root,
      folder,
      device: statOf(place, folder)?.dev ?? 0,
      files: lines.map((line) => look(place, line, known)),
    };
  });
  const first = new Map<string, Lines>();
  const rest = [...Map.groupBy(roots, ({ device }) => device).values()].flatMap((sharing): readonly Round[] => {
    const { bavail, bsize } = statfsSync(place.at(sharing[0]!.folder));
    const free = bavail * bsize - SPARE_BYTES;
    const files = sharing.flatMap(({ files }) => files);
    if (sum(files, ({ needed }) => needed) <= free) {
      for (const { root } of sharing) first.set(root, wanted.get(root)!);
      return [];
    }
    const room = free - sum(files, ({ growth }) => growth);
    const largest = files.reduce((most, { needed }) => Math.max(most, needed), 0);
    if (largest > room) throw tooLarge(sharing[0]!.folder, free, free - room + largest);
    return inRounds(files, room).map((lines) => Map.groupBy(lines, (line) => rawPath(line.path).split('/')[0]!));
  });
  return first.size > 0 ? [first, ...rest] : rest;
}

interface Looked {
  readonly line: ManifestLine;
  /** Beside what is there, until it has taken its place. */
  readonly needed: number;
  /** By how much there is more on the disk then. */
  readonly growth: number;
}

function look(place: Place, line: ManifestLine, known: Pick<KnownFiles, 'has'>): Looked {
  if (line.type !== 'file') return { line, needed: 0, growth: 0 };
  const path = rawPath(line.path);
  const there = statOf(place, path);
  const needed = line.sizeBytes * MARGIN;
  const gone = there?.isFile() && known.has(path, there) ? there.size : 0;
  return { line, needed, growth: Math.max(needed - gone, 0) };
}

/** A directory comes with the first of what is in it. */
function inRounds(files: readonly Looked[], room: number): readonly Lines[] {
  const folders = new Map<string, ManifestLine>();
  const parents = parentsOf(files.map(({ line }) => line));
  for (const { line } of files) if (parents.has(rawPath(line.path))) folders.set(rawPath(line.path), line);
  const rounds: ManifestLine[][] = [[]];
  let left = room;
  for (const { line, needed } of files) {
    const path = rawPath(line.path);
    if (parents.has(path)) continue;
    if (needed > left) {
      rounds.push([]);
      left = room;
    }
    left -= needed;
    for (let end = path.indexOf('/'); end !== -1; end = path.indexOf('/', end + 1)) {
      const folder = folders.get(path.slice(0, end));
      if (folder) rounds.at(-1)!.push(folder);
      folders.delete(path.slice(0, end));
    }
    rounds.at(-1)!.push(line);
  }
  return rounds;
}

function tooLarge(folder: string, free: number, needed: number): Failure {
  return new Failure('machine_disk_full', {
    why: `/${folder} has ${gb(Math.max(free, 0))} free, and even part by part ${gb(needed)} are needed`,
  });
}

const sum = (files: readonly Looked[], of: (one: Looked) => number): number =>
  files.reduce((total, one) => total + of(one), 0);
