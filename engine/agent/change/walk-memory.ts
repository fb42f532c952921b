import { closeSync, openSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { wirePath } from '../../domain/wire-path.ts';
import { readIfThere } from '../../files/whole-file.ts';
import { isKeyFile } from '../key-file.ts';
import type { Place } from '../place.ts';
import type { Entry, Walked } from '../walk.ts';
import { restoredStamps } from './restored-stamps.ts';
import { stampOf } from './stamp.ts';

/** What a walk finds that the last backup does not have. */
export const Difference = z.object({
  added: z.number().int(),
  changed: z.number().int(),
  removed: z.number().int(),
  /** Of the files that were added or changed. */
  bytes: z.number(),
  /** A few of them, the most recently changed first. */
  newest: z.array(z.string()),
  /** Every directory that belongs to the backup, to be watched; null when there are too many for that. */
  folders: z.array(z.string()).nullable(),
});
export type Difference = z.infer<typeof Difference>;

/** How many things differ. */
export const differing = (one: Difference): number => one.added + one.changed + one.removed;

/**
 * Written when a backup is in storage, so that later walks can tell what changed since. What moved during that backup is
 * left out: nobody knows what of it is in the snapshot, so it counts as changed.
 */
export function rememberWalk(place: Place, walked: Walked, moved: ReadonlySet<string> = new Set()): void {
  const file = fileOf(place);
  const fresh = `${file}.${process.pid}`;
  const target = openSync(fresh, 'w', 0o600);
  let text = '';
  let folder = '/';
  for (const entry of walked.entries) {
    if (moved.has(entry.path)) continue;
    // Most things lie in the same directory as the one before, whose name then need not stand there again.
    const inside = entry.path.startsWith(folder);
    text += `${stampOf(entry)}${END}${inside ? `/${entry.path.slice(folder.length)}` : entry.path}${END}`;
    if (!inside) folder = entry.path.slice(0, entry.path.lastIndexOf('/') + 1) || '/';
    if (text.length > CHUNK) {
      writeSync(target, text, null, 'latin1');
      text = '';
    }
  }
  writeSync(target, text, null, 'latin1');
  closeSync(target);
  renameSync(fresh, file);
}

/** Before the first backup of a machine it is compared with what was restored there. */
export function compareWalk(place: Place, walked: Walked): Omit<Difference, 'folders'> {
  const remembered = load(place);
  const before = remembered ?? restoredStamps(place);
  const found = { added: 0, changed: 0, bytes: 0 };
  const newest: Entry[] = [];
  for (const entry of walked.entries) {
    const stamp = before.get(entry.path);
    before.delete(entry.path);
    if (stamp === stampOf(entry)) continue;
    if (!remembered && isKeyFile(entry.path)) continue; // it got the keys of this machine
    found[stamp === undefined ? 'added' : 'changed'] += 1;
    if (entry.type === 'file') found.bytes += entry.size;
    newest.push(entry);
    if (newest.length > 2 * NEWEST_SAID) keepNewest(newest);
  }
  keepNewest(newest);
  return { ...found, removed: before.size, newest: newest.map((entry) => wirePath(entry.path)) };
}

function keepNewest(entries: Entry[]): void {
  entries.sort((a, b) => b.ctimeMs - a.ctimeMs).splice(NEWEST_SAID);
}

/** Null before the first backup. */
function load(place: Place): Map<string, string> | null {
  const text = readIfThere(fileOf(place), 'latin1');
  if (text === null) return null;
  const stamps = new Map<string, string>();
  let folder = '/';
  for (let at = 0; at < text.length; ) {
    const middle = text.indexOf(END, at);
    const end = text.indexOf(END, middle + 1);
    if (middle === -1 || end === -1) break; // torn by a crash: what is missing counts as changed
    const said = text.slice(middle + 1, end);
    const inside = said.startsWith('/');
    stamps.set(inside ? folder + said.slice(1) : said, text.slice(at, middle));
    if (!inside) folder = said.slice(0, said.lastIndexOf('/') + 1) || '/';
    at = end + 1;
  }
  return stamps;
}

const fileOf = (place: Place): string => join(place.home, 'cache', 'walked');
/** The one byte that stands in no name. */
const END = '\0';
const NEWEST_SAID = 10;
const CHUNK = 1024 * 1024;
