import { lstatSync, readdirSync, type Stats } from 'node:fs';
import { codeOf } from './durable.ts';
import type { Place } from './place.ts';

/** Null when it is not there. Throws when that cannot be known: a name that is too long, a disk that is broken. */
export function statOf(place: Place, path: string): Stats | null {
  try {
    return lstatSync(place.at(path));
  } catch (cause) {
    if (GONE.has(codeOf(cause))) return null;
    throw cause;
  }
}

/** For those to whom it is the same whether it is not there or cannot be looked at. */
export function statIfAny(place: Place, path: string): Stats | null {
  return statOrWhy(place, path, () => null);
}

/** What cannot be looked at is what `otherwise` makes of the reason. */
export function statOrWhy<T>(place: Place, path: string, otherwise: (code: string) => T): Stats | T | null {
  try {
    return statOf(place, path);
  } catch (cause) {
    const code = codeOf(cause);
    if (code === '') throw cause;
    return otherwise(code);
  }
}

/** Its names, raw, or why it cannot be listed: `ENOENT` when it went, or something above it did. */
export function namesIn(place: Place, path: string): readonly string[] | string {
  try {
    return readdirSync(place.at(path), 'latin1');
  } catch (cause) {
    const code = codeOf(cause);
    if (code === '') throw cause;
    return GONE.has(code) ? 'ENOENT' : code;
  }
}

/** For those to whom it is the same whether it is empty or cannot be listed. */
export function namesIfAny(place: Place, path: string): readonly string[] {
  const names = namesIn(place, path);
  return typeof names === 'string' ? [] : names;
}

/** The directories in it, by name; none when it cannot be listed. */
export function foldersIn(place: Place, path: string): ReadonlySet<string> {
  try {
    const entries = readdirSync(place.at(path), { encoding: 'latin1', withFileTypes: true });
    return new Set(entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name));
  } catch (cause) {
    if (codeOf(cause) === '') throw cause;
    return new Set();
  }
}

const GONE: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR']);
