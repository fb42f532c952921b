import { readFileSync } from 'node:fs';
import { codeOf } from './durable.ts';
import { type BadLine, type IgnoreRule, rulesIn } from './ignore-rules.ts';
import { statOrWhy } from './look-at.ts';
import type { Place } from './place.ts';

export const IGNORE_FILE = '.dumontignore';

/** The rules of one place. */
export interface Layer {
  readonly by: 'default' | 'order' | 'file';
  /** What stands before the paths that its rules are about. */
  readonly base: string;
  readonly rules: readonly IgnoreRule[];
}

/** The ignore files of the backed-up directories, each read when something beside or below it is first asked for. */
export interface IgnoreFiles {
  /** Of this directory and those above it, the nearest first. */
  layersIn(directory: string): readonly Layer[];
  /** Lines that can never match anything, in the files that were read so far. */
  bad(): readonly (BadLine & { readonly file: string })[];
  /** Ignore files, met so far, that are there and cannot be read, and why. What they are about is left out. */
  unreadable(): readonly Unreadable[];
}

export interface Unreadable {
  readonly file: string;
  readonly why: string;
}

export function ignoreFilesIn(place: Place, roots: readonly string[]): IgnoreFiles {
  const known = new Map<string, readonly Layer[]>();
  const bad: (BadLine & { file: string })[] = [];
  const unreadable: Unreadable[] = [];
  const isRoot = new Set(roots);
  const layersIn = (directory: string): readonly Layer[] => {
    const before = known.get(directory);
    if (before) return before;
    const own = read(directory);
    const above = isRoot.has(directory) ? NONE : aboveOf(directory);
    const layers = own ? [own, ...above] : above;
    known.set(directory, layers);
    return layers;
  };
  const aboveOf = (directory: string): readonly Layer[] => {
    const slash = directory.lastIndexOf('/');
    return slash === -1 ? NONE : layersIn(directory.slice(0, slash));
  };
  const read = (directory: string): Layer | null => {
    if (directory === '' || !roots.some((root) => directory === root || directory.startsWith(`${root}/`))) return null;
    const file = `${directory}/${IGNORE_FILE}`;
    const text = textOf(place, file);
    if (text === null) return null;
    if (typeof text !== 'string') {
      unreadable.push({ file, why: text.code });
      return { by: 'file', base: `${directory}/`, rules: [EVERYTHING] };
    }
    const found = rulesIn(text);
    for (const line of found.bad) bad.push({ ...line, file });
    return { by: 'file', base: `${directory}/`, rules: found.rules };
  };
  return { layersIn, bad: () => bad, unreadable: () => unreadable };
}

function textOf(place: Place, file: string): string | null | { readonly code: string } {
  const stat = statOrWhy(place, file, (code) => ({ code }));
  if (stat === null) return null;
  if ('code' in stat) return stat.code === 'ENAMETOOLONG' ? null : stat; // then nobody could have written it
  if (!stat.isFile()) return null;
  try {
    return readFileSync(place.at(file), 'latin1');
  } catch (cause) {
    const code = codeOf(cause);
    if (code === '') throw cause;
    return code === 'ENOENT' ? null : { code };
  }
}

/** Going on without its rules could upload what somebody wanted to keep off. */
const EVERYTHING: IgnoreRule = { line: `its ${IGNORE_FILE} cannot be read`, keeps: false, matches: () => true };
const NONE: readonly Layer[] = [];
