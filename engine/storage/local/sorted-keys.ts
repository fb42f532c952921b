import type { Bytes } from './bytes.ts';

/** Where `key` is in a sorted list, or where it would go. */
function lowerBound(keys: readonly Bytes[], key: Bytes): number {
  let from = 0;
  let to = keys.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if ((keys[middle] as Bytes) < key) from = middle + 1;
    else to = middle;
  }
  return from;
}

export function insertKey(keys: Bytes[], key: Bytes): void {
  const at = lowerBound(keys, key);
  if (keys[at] !== key) keys.splice(at, 0, key);
}

export function removeKey(keys: Bytes[], key: Bytes): void {
  const at = lowerBound(keys, key);
  if (keys[at] === key) keys.splice(at, 1);
}

export interface Page {
  readonly keys: readonly Bytes[];
  readonly commonPrefixes: readonly Bytes[];
  /** The last key or common prefix given; the next page starts after it. Null when nothing is left. */
  readonly next: Bytes | null;
}

/** One page of a list. Whole groups below a delimiter are skipped with one search, however many keys they hold. */
export function pageOf(
  keys: readonly Bytes[],
  asked: { readonly prefix: Bytes; readonly delimiter: Bytes; readonly after: Bytes; readonly max: number },
): Page {
  const { prefix, delimiter, after, max } = asked;
  const page = { keys: [] as Bytes[], commonPrefixes: [] as Bytes[] };
  let last: Bytes | null = null;
  let at = startOf(keys, prefix, delimiter, after);
  while (at < keys.length) {
    const key = keys[at] as Bytes;
    if (!key.startsWith(prefix)) break;
    if (page.keys.length + page.commonPrefixes.length >= max) return { ...page, next: last };
    const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    if (end === -1) {
      page.keys.push(key);
      last = key;
      at += 1;
    } else {
      last = key.slice(0, end + delimiter.length);
      page.commonPrefixes.push(last);
      at = lowerBound(keys, pastAll(last));
    }
  }
  return { ...page, next: null };
}

function startOf(keys: readonly Bytes[], prefix: Bytes, delimiter: Bytes, after: Bytes): number {
  if (after < prefix) return lowerBound(keys, prefix);
  // A page that ended with a common prefix goes on behind everything below it.
  const group = delimiter === '' || !after.startsWith(prefix) ? -1 : after.indexOf(delimiter, prefix.length);
  if (group !== -1 && group === after.length - delimiter.length) return lowerBound(keys, pastAll(after));
  const at = lowerBound(keys, after);
  return keys[at] === after ? at + 1 : at;
}

/** The smallest string above everything that starts with this one. No byte of UTF-8 is 0xff, so the last can be raised. */
function pastAll(prefix: Bytes): Bytes {
  return prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
}
