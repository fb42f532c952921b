import { closeSync, openSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { readIfThere } from '../files/whole-file.ts';
import type { Place } from './place.ts';
import type { Entry } from './walk.ts';

type Stamp = Pick<Entry, 'path' | 'size' | 'mtimeMs' | 'ctimeMs' | 'inode'>;

/** Hashes of files that did not change since: the same size, mtime, ctime and inode. Nothing depends on its being there. */
export interface HashCache {
  get(entry: Stamp): string | null;
  /** `at` is when the reading began, by this machine's clock. */
  set(entry: Stamp, sha256: string, at: number): void;
  /** Keeps what was asked for or set since it was opened, and forgets the rest. */
  save(): void;
}

export function openHashCache(place: Place): HashCache {
  const file = join(place.home, 'cache', 'hashes');
  const known = load(file);
  const used = new Map<string, Row>();
  return {
    get(entry) {
      const row = used.get(entry.path) ?? known.get(entry.path);
      if (!row || row.stamp !== stampOf(entry)) return null;
      used.set(entry.path, row);
      return row.sha256;
    },
    set(entry, sha256, at) {
      // The clock of a file system ticks every few milliseconds: a file written again in the same tick looks the same.
      if (at - Math.max(entry.ctimeMs, entry.mtimeMs) > TICK_MS)
        used.set(entry.path, { stamp: stampOf(entry), sha256 });
      else used.delete(entry.path);
    },
    save() {
      const fresh = `${file}.${process.pid}`;
      const target = openSync(fresh, 'w', 0o600);
      let text = '';
      for (const [path, row] of used) {
        text += `${row.sha256}\t${row.stamp}\t${JSON.stringify(path)}\n`;
        if (text.length > CHUNK) {
          writeSync(target, text);
          text = '';
        }
      }
      writeSync(target, text);
      closeSync(target);
      renameSync(fresh, file);
    },
  };
}

interface Row {
  readonly stamp: string;
  readonly sha256: string;
}

const stampOf = (entry: Stamp): string => `${entry.size} ${entry.mtimeMs} ${entry.ctimeMs} ${entry.inode}`;

function load(file: string): Map<string, Row> {
  const rows = new Map<string, Row>();
  try {
    for (const line of (readIfThere(file) ?? '').split('\n')) {
      const [sha256, stamp, path] = line.split('\t');
      if (sha256 && stamp && path) rows.set(JSON.parse(path) as string, { stamp, sha256 });
    }
    return rows;
  } catch {
    return new Map(); // torn by a crash: everything is read again
  }
}

const TICK_MS = 100;
const CHUNK = 1024 * 1024;
