import type { Stats } from 'node:fs';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ManifestLine } from '../domain/agent-protocol.ts';
import { rawPath } from '../domain/wire-path.ts';
import { codeOf, writeDurably } from './durable.ts';
import { statOf } from './look-at.ts';
import type { Place } from './place.ts';
import { typeOf } from './walk.ts';

/**
 * Which files are certainly not a person's work: those that the image brought, seen before the first restore, and those that
 * a restore put here, as long as they are exactly as they were then. Only these may ever be replaced.
 */
export interface KnownFiles {
  /** Something was known under this name, and may be there still. */
  mention(path: string): boolean;
  has(path: string, stat: Stats): boolean;
  /** The same, for one that was just renamed, which changes its ctime. */
  hadBeforeRename(path: string, stat: Stats): boolean;
  add(path: string, stat: Stats): void;
  save(): void;
}

/** `fresh`: nothing was ever restored here, so everything is the image's. */
export function openKnownFiles(place: Place, lines: readonly ManifestLine[], fresh: boolean): KnownFiles {
  const file = fileOf(place);
  const known = fresh ? imageFiles(place, lines) : load(file);
  const save = (): void => {
    writeDurably(file, [...known].map(([path, row]) => `${JSON.stringify([path, row])}\n`).join(''));
  };
  if (fresh) save();
  return {
    mention: (path) => known.has(path),
    has: (path, stat) => known.get(path) === rowOf(stat),
    hadBeforeRename: (path, stat) => known.get(path)?.split(' ctime')[0] === rowOf(stat).split(' ctime')[0],
    add: (path, stat) => void known.set(path, rowOf(stat)),
    save,
  };
}

/** As they were last written down, by raw path. */
export const knownRows = (place: Place): ReadonlyMap<string, string> => load(fileOf(place));

/** Whether a directory has another time or size says only that something was put into it. */
function rowOf(stat: Stats): string {
  const mode = (stat.mode & 0o7777).toString(8);
  if (stat.isDirectory()) return `dir ${stat.ino} ${mode} ${stat.uid}:${stat.gid}`;
  return `${typeOf(stat)} ${stat.ino} ${mode} ${stat.size} ${stat.mtimeMs} ctime ${stat.ctimeMs}`;
}

function imageFiles(place: Place, lines: readonly ManifestLine[]): Map<string, string> {
  const known = new Map<string, string>();
  const absent = new Set<string>();
  for (const line of lines) {
    const path = rawPath(line.path);
    const folder = path.slice(0, Math.max(path.lastIndexOf('/'), 0));
    const stat = absent.has(folder) ? null : statOf(place, path);
    if (stat) known.set(path, rowOf(stat));
    else absent.add(path);
  }
  return known;
}

function load(file: string): Map<string, string> {
  try {
    const rows = readFileSync(file, 'utf8').split('\n').filter(Boolean);
    return new Map(rows.map((row) => JSON.parse(row) as [string, string]));
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return new Map();
    throw cause;
  }
}

const fileOf = (place: Place): string => join(place.home, 'restore', 'known');
