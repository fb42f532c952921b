import { join } from 'node:path';
import * as z from 'zod';
import { readIfThere } from '../files/whole-file.ts';
import { writeDurably } from './durable.ts';
import { statIfAny } from './look-at.ts';
import type { Matcher } from './matcher.ts';
import { ownedBy, packageLists } from './packages.ts';
import type { Place } from './place.ts';
import { type SearchHow, type SeenFolders, searchElsewhere } from './search-elsewhere.ts';

/**
 * The moment from which on a change of the system is a person's: when the machine was given to the workspace. What the image
 * brought, and what booting wrote, has an older ctime, which nobody can set back.
 */
export function beginHere(place: Place): void {
  if (readIfThere(beganFile(place)) === null) writeDurably(beganFile(place), JSON.stringify(Date.now()));
}

/** Null: this machine was never given to a workspace. */
export function beganHereAt(place: Place): number | null {
  const began = Number(readIfThere(beganFile(place)) ?? Number.NaN);
  return Number.isNaN(began) ? null : began;
}

/** What was found, and what may be taken for granted when it is looked for again. */
export interface SeenElsewhere {
  /** By which rules. */
  rules: string;
  readonly folders: SeenFolders;
  /** Files that changed, as they were when they were looked up in the packages' lists, and whether these own them. */
  readonly owned: Map<string, { readonly stamp: string; readonly owned: boolean }>;
  /** The packages' lists, as they were then. */
  packages: string;
  paths: string;
}

export const nothingSeen = (): SeenElsewhere => ({
  rules: '',
  folders: new Map(),
  owned: new Map(),
  packages: '',
  paths: '',
});

export interface ElsewhereHow extends Omit<SearchHow, 'began' | 'now'> {
  readonly exclude: readonly string[];
  /** Null: a list that is some minutes old will do, since looking for them asks for every directory there is. */
  readonly seen: SeenElsewhere | null;
}

/**
 * Files outside of the backed-up directories that were changed since the machine began, which neither a package nor the system
 * itself wrote.
 */
export async function changedElsewhere(
  place: Place,
  how: ElsewhereHow,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const began = beganHereAt(place);
  if (began === null) return [];
  const before = how.seen ? null : lastList(place);
  if (before) return before.filter((path) => !isLeftOut(path, how.matcher));
  const seen = how.seen ?? nothingSeen();
  const rules = JSON.stringify([how.roots, how.exclude, how.home, [...how.mounts], began]);
  if (seen.rules !== rules) Object.assign(seen, nothingSeen(), { rules });
  const found = await searchElsewhere(place, { ...how, began, now: Date.now() }, seen.folders, signal);
  const paths = (await notOwned(place, found, seen, began, signal)).toSorted();
  const list = JSON.stringify(paths);
  if (list !== seen.paths) writeDurably(listFile(place), JSON.stringify({ at: Date.now(), paths } satisfies List));
  seen.paths = list;
  return paths;
}

/** Reading the packages' lists takes a while: only what changed since they were read is looked up. */
async function notOwned(
  place: Place,
  found: readonly string[],
  seen: SeenElsewhere,
  began: number,
  signal: AbortSignal,
): Promise<string[]> {
  const packages = packageLists(place);
  if (packages !== seen.packages) seen.owned.clear();
  seen.packages = packages;
  const stamps = new Map(found.map((path) => [path, stampAt(place, path)]));
  const fresh = found.filter((path) => seen.owned.get(path)?.stamp !== stamps.get(path));
  const owned = await ownedBy(place, fresh, began, signal);
  for (const path of fresh) seen.owned.set(path, { stamp: stamps.get(path) ?? '', owned: owned.has(path) });
  return found.filter((path) => !seen.owned.get(path)?.owned);
}

function stampAt(place: Place, path: string): string {
  const stat = statIfAny(place, path);
  return stat ? `${stat.ino} ${stat.size} ${stat.mtimeMs} ${stat.ctimeMs}` : '';
}

/** By a rule of its own or by that of a directory above it. */
function isLeftOut(path: string, matcher: Matcher): boolean {
  if (matcher(path, false)) return true;
  for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1))
    if (matcher(path.slice(0, slash), true)) return true;
  return false;
}

const List = z.object({ at: z.number(), paths: z.array(z.string()) });
type List = z.infer<typeof List>;

function lastList(place: Place): readonly string[] | null {
  try {
    const list = List.parse(JSON.parse(readIfThere(listFile(place)) ?? 'null'));
    const age = Date.now() - list.at;
    return age >= 0 && age < LIST_MS ? list.paths : null;
  } catch {
    return null; // none yet, or torn
  }
}

const beganFile = (place: Place): string => join(place.home, 'began.json');
const listFile = (place: Place): string => join(place.home, 'cache', 'elsewhere.json');
const LIST_MS = 10 * 60_000;
