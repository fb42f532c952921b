import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setImmediate as breathe } from 'node:timers/promises';
import { codeOf } from './durable.ts';
import { namesIfAny, statIfAny } from './look-at.ts';
import type { Place } from './place.ts';

/**
 * Which of these a package manager put there. A file that dpkg unpacked has the time of its package; one that has a later time
 * is the package's when it holds what the package brought, and otherwise somebody edited it.
 */
export async function ownedBy(
  place: Place,
  paths: readonly string[],
  began: number,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const owned = new Set<string>();
  if (paths.length === 0) return owned;
  const wanted = new Set(paths);
  const sums = new Map<string, string>();
  let read = 0;
  for (const name of namesIfAny(place, DPKG)) {
    const list = name.endsWith('.list');
    if (!list && !name.endsWith('.md5sums')) continue;
    read += 1;
    if (read % BREATH === 0) await breathe();
    signal.throwIfAborted();
    for (const line of textOf(place, `${DPKG}/${name}`).split('\n')) {
      const path = ownNameOf(wanted, list ? line.slice(1) : line.slice(34));
      if (path === null) continue;
      if (list) owned.add(path);
      else sums.set(path, line.slice(0, 32));
    }
  }
  for (const [path, sum] of apkFiles(place)) {
    if (!wanted.has(path)) continue;
    owned.add(path);
    if (sum) sums.set(path, sum);
  }
  if (owned.size > 0) for (const [path, sum] of conffiles(place)) if (wanted.has(path)) sums.set(path, sum);
  for (const path of owned) {
    const stat = statIfAny(place, path);
    if (!stat?.isFile() || stat.mtimeMs < began) continue;
    const sum = sums.get(path);
    // Without a sum only settings are thought to be edited: everything else that a package owns it may make anew.
    if (sum === undefined ? path.startsWith('etc/') : sumOf(place, path, sum) !== sum) owned.delete(path);
  }
  return owned;
}

/** Another text whenever a package came, went or was made anew: then those lists are other files, or other rows. */
export function packageLists(place: Place): string {
  return [DPKG, DPKG_TABLE, APK_TABLE]
    .map((path) => statIfAny(place, path))
    .map((stat) => (stat ? `${stat.ino} ${stat.size} ${stat.mtimeMs} ${stat.ctimeMs}` : ''))
    .join('\n');
}

/** Lists may still say `/bin/x` where the file lies in `/usr/bin`. */
function ownNameOf(wanted: ReadonlySet<string>, said: string): string | null {
  if (wanted.has(said)) return said;
  return wanted.has(`usr/${said}`) ? `usr/${said}` : null;
}

/** The settings files of packages stand, with their sums, in dpkg's own table. */
function* conffiles(place: Place): Generator<readonly [string, string]> {
  for (const line of textOf(place, DPKG_TABLE).split('\n')) {
    const [, path, sum] = /^ \/(.+) ([0-9a-f]{32})(?: obsolete)?$/.exec(line) ?? [];
    if (path && sum) yield [path, sum];
  }
}

/** Alpine's: `F:` a directory, `R:` a file in it, `Z:` its SHA-1 after `Q1`. */
function* apkFiles(place: Place): Generator<readonly [string, string | null]> {
  let folder = '';
  let file: string | null = null;
  for (const line of textOf(place, APK_TABLE).split('\n')) {
    const [kind, said] = [line.slice(0, 2), line.slice(2)];
    if (file !== null && kind !== 'a:') {
      yield [file, kind === 'Z:' && said.startsWith('Q1') ? said : null];
      file = null;
    }
    if (kind === 'F:') folder = said;
    else if (kind === 'R:') file = folder === '' ? said : `${folder}/${said}`;
  }
}

function sumOf(place: Place, path: string, like: string): string | null {
  try {
    const bytes = readFileSync(place.at(path));
    return like.startsWith('Q1')
      ? `Q1${createHash('sha1').update(bytes).digest('base64')}`
      : createHash('md5').update(bytes).digest('hex');
  } catch (cause) {
    if (codeOf(cause) === '') throw cause;
    return null;
  }
}

function textOf(place: Place, path: string): string {
  try {
    return readFileSync(place.at(path), 'latin1');
  } catch (cause) {
    if (codeOf(cause) === '') throw cause;
    return '';
  }
}

const DPKG = 'var/lib/dpkg/info';
const DPKG_TABLE = 'var/lib/dpkg/status';
const APK_TABLE = 'lib/apk/db/installed';
const BREATH = 64;
