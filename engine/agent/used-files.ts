import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { ManifestLine } from '../domain/agent-protocol.ts';
import { rawPath, wirePath } from '../domain/wire-path.ts';
import { readIfThere } from '../files/whole-file.ts';
import { isCritical } from './critical.ts';
import { writeDurably } from './durable.ts';
import { statIfAny } from './look-at.ts';
import type { Place } from './place.ts';

/**
 * Which large files somebody reads, by when they were last seen open. A file system knows when a file was written; when it was
 * read most do not tell, or only once a day.
 */
export interface UsedFiles {
  look(pids: readonly number[], now: number): void;
}

export function openUsedFiles(place: Place): UsedFiles {
  const known = load(place);
  let lookedAt = 0;
  return {
    look(pids, now) {
      if (now - lookedAt < LOOK_MS) return;
      lookedAt = now;
      let fresh = false;
      for (const path of new Set(pids.flatMap((pid) => openIn(place, pid)))) {
        if (now - (known.get(path) ?? 0) < NOTED_MS || !isData(place, path)) continue;
        known.set(path, now);
        fresh = true;
      }
      if (fresh) save(place, known);
    },
  };
}

/** The lines of a backup, and of its data when it was last in use. */
export function withUsed(place: Place, lines: readonly ManifestLine[]): readonly ManifestLine[] {
  const known = load(place);
  if (known.size === 0) return lines;
  return lines.map((line) => {
    const usedMs = line.type === 'file' ? known.get(rawPath(line.path)) : undefined;
    return usedMs === undefined ? line : { ...line, usedMs };
  });
}

/** What was known on the machine before. */
export function inheritUsed(place: Place, lines: readonly ManifestLine[]): void {
  const known = new Map(
    lines.flatMap(({ path, usedMs }) => (usedMs === undefined ? [] : [[rawPath(path), usedMs] as const])),
  );
  if (known.size > 0) save(place, new Map([...known, ...load(place)]));
}

/** Files below the machine's root that a process has open or mapped into its memory. */
function openIn(place: Place, pid: number): readonly string[] {
  const before = place.root.endsWith('/') ? place.root : `${place.root}/`;
  const seen = [...openFiles(pid), ...mappedFiles(pid)];
  return seen.filter((path) => path.startsWith(before)).map((path) => path.slice(before.length));
}

function openFiles(pid: number): readonly string[] {
  try {
    const folder = `/proc/${pid}/fd`;
    return readdirSync(folder).flatMap((name) => {
      try {
        return [readlinkSync(`${folder}/${name}`, 'latin1')];
      } catch {
        return []; // closed meanwhile
      }
    });
  } catch {
    return []; // it ended, or is not ours to ask
  }
}

function mappedFiles(pid: number): readonly string[] {
  try {
    const lines = readFileSync(`/proc/${pid}/maps`, 'latin1').split('\n');
    return lines.flatMap((line) => {
      const at = line.indexOf('/');
      return at === -1 ? [] : [line.slice(at)];
    });
  } catch {
    return [];
  }
}

function isData(place: Place, path: string): boolean {
  const stat = statIfAny(place, path);
  return stat?.isFile() === true && !isCritical({ type: 'file', sizeBytes: stat.size, path: wirePath(path) });
}

function load(place: Place): Map<string, number> {
  try {
    return new Map(Rows.parse(JSON.parse(readIfThere(fileOf(place)) ?? '[]')));
  } catch {
    return new Map(); // torn: then it is as if nobody had looked
  }
}

/** The latest ones: what nobody opened for long is no news. */
function save(place: Place, known: ReadonlyMap<string, number>): void {
  const rows = [...known].toSorted(([, a], [, b]) => b - a).slice(0, ROWS_MAX);
  writeDurably(fileOf(place), JSON.stringify(rows));
}

const Rows = z.array(z.tuple([z.string(), z.number()]));
/** By raw path. */
const fileOf = (place: Place): string => join(place.home, 'cache', 'used.json');
const ROWS_MAX = 1_000;
const LOOK_MS = 30_000;
/** What is open all day is not written down all day. */
const NOTED_MS = 10 * 60_000;
