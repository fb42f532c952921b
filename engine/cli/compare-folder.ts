import { createHash } from 'node:crypto';
import type { Stats } from 'node:fs';
import { createReadStream } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Failure } from '../domain/failures.ts';
import { wirePath } from '../domain/wire-path.ts';
import type { EntriesJson } from '../http/json/files.ts';

type Entry = EntriesJson['entries'][number];

export interface Compared {
  /** What has to come: it is not there, or not as it was saved. */
  readonly wanted: readonly Entry[];
  /** Of those, what would be replaced. */
  readonly otherwise: readonly string[];
  /** Of those, what is a directory here and none in the snapshot; no directory is replaced. */
  readonly inTheWay: readonly Entry[];
  readonly same: number;
  /** Files and whole directories that are there and not in the snapshot. */
  readonly others: number;
}

/**
 * What of these lies at `target` as it was saved. Files are compared by their bytes and rights, links by where they lead.
 * Nothing below a link counts as there: what it names may lie outside of the folder.
 */
export async function compareFolder(target: string, entries: readonly Entry[], signal: AbortSignal): Promise<Compared> {
  const astray = entries.find(({ name }) => name.split('/').includes('..'));
  if (astray) throw new Failure('restore_differs', { why: `${astray.name} would lie outside of ${target}` });
  const things = entries.filter(({ type }) => type !== 'dir');
  const folders = new Set(entries.flatMap(({ name, type }) => [...foldersOf(name), ...(type === 'dir' ? [name] : [])]));
  const wanted: Entry[] = [];
  const otherwise: string[] = [];
  const inTheWay: Entry[] = [];
  const real = new Set<string>();
  for (const folder of [...folders].toSorted()) {
    const there = folder === '' || real.has(parentOf(folder)) ? await lookUp(join(target, folder)) : null;
    if (there?.isDirectory()) real.add(folder);
    else if (there) otherwise.push(folder);
  }
  for (const entry of things) {
    const at = join(target, entry.name);
    const there = entry.name === '' || real.has(parentOf(entry.name)) ? await lookUp(at) : null;
    if (there && (await isSame(at, there, entry, signal))) continue;
    wanted.push(entry);
    if (there) otherwise.push(entry.name);
    if (there?.isDirectory()) inTheWay.push(entry);
  }
  const others = real.has('') ? await countOthers(target, '', new Set(things.map(nameOf)), folders) : 0;
  return { wanted, otherwise, inTheWay, same: things.length - wanted.length, others };
}

const lookUp = async (at: string): Promise<Stats | null> => await lstat(at).catch(() => null);

async function isSame(at: string, there: Stats, entry: Entry, signal: AbortSignal): Promise<boolean> {
  const { type, size_bytes, sha256, mtime } = entry;
  if (type === 'link') return there.isSymbolicLink() && (await leadsTo(at, entry.target));
  if (type !== 'file') return !there.isFile() && !there.isDirectory();
  if (!there.isFile() || there.size !== size_bytes || !hasRights(there, entry)) return false;
  if (sha256 === null) return Math.floor(there.mtimeMs / 1_000) === Math.floor(Date.parse(mtime) / 1_000);
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(at), hash, { signal });
  } catch {
    signal.throwIfAborted();
    return false; // it may not be read
  }
  return hash.digest('hex') === sha256;
}

/** Older agents did not say where. */
async function leadsTo(at: string, target: Entry['target']): Promise<boolean> {
  return target === null || wirePath(await readlink(at, 'latin1')) === target;
}

/** Besides what the umask takes when a file is restored. */
const hasRights = (there: Stats, { mode }: Entry): boolean =>
  mode === null || ((there.mode ^ mode) & RIGHTS & ~process.umask()) === 0;

const RIGHTS = 0o777;

const nameOf = ({ name }: Entry): string => name;

/** Goes into no directory that the snapshot does not have: it may be somebody's home. */
async function countOthers(
  target: string,
  folder: string,
  things: ReadonlySet<string>,
  folders: ReadonlySet<string>,
): Promise<number> {
  let others = 0;
  for (const one of await readdir(join(target, folder), { withFileTypes: true }).catch(() => [])) {
    const name = folder === '' ? one.name : `${folder}/${one.name}`;
    if (folders.has(name)) others += one.isDirectory() ? await countOthers(target, name, things, folders) : 0;
    else if (!things.has(name)) others += 1;
  }
  return others;
}

/**
 * What is asked for, so that few calls bring what is wanted and little besides: whole directories of which nothing is there,
 * and single files. '' is all of it, which is less trouble than very many calls.
 */
export function piecesOf(entries: readonly Entry[], wanted: readonly Entry[]): readonly string[] {
  const [has, wants] = [entries.filter(({ type }) => type !== 'dir'), wanted].map(countBelow) as [Counts, Counts];
  if (has.get('') === wants.get('') || wanted.some(({ name }) => !name.isWellFormed())) return [''];
  const pieces = new Set<string>();
  for (const { name, type } of wanted) {
    const whole = foldersOf(name).find((folder) => has.get(folder) === wants.get(folder));
    pieces.add(whole ?? (type === 'file' ? name : parentOf(name)));
  }
  return pieces.size > PIECES_MAX || pieces.has('') ? [''] : [...pieces];
}

type Counts = ReadonlyMap<string, number>;

function countBelow(entries: readonly Entry[]): Counts {
  const counts = new Map<string, number>();
  for (const { name } of entries)
    for (const folder of foldersOf(name)) counts.set(folder, (counts.get(folder) ?? 0) + 1);
  return counts;
}

const parentOf = (name: string): string => name.slice(0, Math.max(0, name.lastIndexOf('/')));

/** The directories above it, the top ('') first; there is none above what was asked for itself. */
function foldersOf(name: string): readonly string[] {
  if (name === '') return [];
  const parts = name.split('/').slice(0, -1);
  return ['', ...parts.map((_, at) => parts.slice(0, at + 1).join('/'))];
}

const PIECES_MAX = 50;
