import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { ManifestLine } from '../domain/agent-protocol.ts';
import { rawPath } from '../domain/wire-path.ts';
import { DEFAULT_ROOTS } from '../domain/workspace.ts';
import { readIfThere } from '../files/whole-file.ts';
import { writeDurably } from './durable.ts';
import { beganHereAt } from './elsewhere.ts';
import type { Place } from './place.ts';

/**
 * Files of the image, outside of the backed-up directories, that a restore put a saved one in the place of. What they were is
 * kept with the next backups: on a machine whose image has another file by that name, perhaps a newer program or other
 * settings, the image's stays and the saved one lies beside it, since nobody ever saw the two together.
 */
export interface ReplacedFiles {
  /** May the saved file take this place? What was there is remembered. */
  mayTake(path: string, there: Stats): boolean;
  save(): void;
}

export function openReplacedFiles(place: Place, lines: readonly ManifestLine[]): ReplacedFiles {
  const over = new Map(lines.flatMap((line) => (line.over === undefined ? [] : [[rawPath(line.path), line.over]])));
  const replaced = new Map([...over, ...replacedHere(place)]);
  const began = beganHereAt(place) ?? 0;
  return {
    mayTake(path, there) {
      // What a restore brought here before is none of the image's.
      const images = there.isFile() && there.ctimeMs < began && !DEFAULT_ROOTS.includes(path.split('/')[0]!);
      if (!images) return true;
      const sha256 = hashOf(place, path);
      replaced.set(path, sha256); // also of one that stays: somebody may edit it
      return (over.get(path) ?? sha256) === sha256;
    },
    save() {
      if (replaced.size > 0) writeDurably(fileOf(place), JSON.stringify([...replaced]));
    },
  };
}

/** The lines of a backup, with what the files of the image were that some of them stand for now. */
export function withReplaced(
  place: Place,
  lines: readonly ManifestLine[],
  elsewhere: readonly string[],
): readonly ManifestLine[] {
  const replaced = replacedHere(place);
  if (replaced.size === 0) return lines;
  const paths = new Set(elsewhere);
  return lines.map((line) => {
    const path = rawPath(line.path);
    const over = line.type === 'file' && paths.has(path) ? replaced.get(path) : undefined;
    return over === undefined ? line : { ...line, over };
  });
}

/** By raw path. */
function replacedHere(place: Place): ReadonlyMap<string, string> {
  try {
    return new Map(Rows.parse(JSON.parse(readIfThere(fileOf(place)) ?? '[]')));
  } catch {
    return new Map(); // torn: then it is as if nobody had known
  }
}

/** In pieces: a file of the image may be larger than memory. */
function hashOf(place: Place, path: string): string {
  const hash = createHash('sha256');
  const piece = Buffer.alloc(PIECE_BYTES);
  const file = openSync(place.at(path), 'r');
  try {
    for (let read = readSync(file, piece); read > 0; read = readSync(file, piece)) hash.update(piece.subarray(0, read));
  } finally {
    closeSync(file);
  }
  return hash.digest('hex');
}

const Rows = z.array(z.tuple([z.string(), z.string()]));
const fileOf = (place: Place): string => join(place.home, 'restore', 'replaced.json');
const PIECE_BYTES = 1024 * 1024;
