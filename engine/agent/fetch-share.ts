import { chmodSync, linkSync, mkdirSync, readdirSync, readlinkSync, rmSync, type Stats, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ManifestLine, RestoreOrder } from '../domain/agent-protocol.ts';
import { Failure, isFailure } from '../domain/failures.ts';
import { rawPath, wirePath } from '../domain/wire-path.ts';
import { restore } from '../restic/commands.ts';
import { patternFile } from '../restic/exclude-patterns.ts';
import { readLine } from '../restic/readings.ts';
import { codeOf } from './durable.ts';
import { type Hashers, hashFiles } from './hash-files.ts';
import { BARE_MODE, type BroughtPaths } from './image/read-image.ts';
import type { WakeImage } from './image/wake-image.ts';
import type { KnownFiles } from './known-files.ts';
import { statOf } from './look-at.ts';
import { type Place, STAGING } from './place.ts';
import type { Restic } from './restic-here.ts';
import { sharePatterns, waysTo } from './share-patterns.ts';
import { typeOf } from './walk.ts';

/** In the order in which they come. */
export const PARTS = ['critical', 'used', 'rest'] as const;
export type Part = (typeof PARTS)[number];

/** A top-level directory of the snapshot, and what of it is fetched now. Paths are raw and below the machine's root. */
export interface Share {
  readonly root: string;
  readonly part: Part;
  readonly lines: readonly ManifestLine[];
  /** What of this directory is not fetched now. */
  readonly others: readonly ManifestLine[];
}

export interface Source {
  readonly order: Pick<RestoreOrder, 'repository'>;
  readonly snapshot: string;
  readonly place: Place;
  readonly tool: Restic;
  readonly known: Pick<KnownFiles, 'has' | 'mention'>;
  readonly image: WakeImage | null;
  readonly hashers: Hashers;
}

/** Beside where its files go, so that they move there without being copied. */
export const stagingOf = (root: string, part: Part): string => `${root}/${STAGING}/${part}`;

/** The verified files of a share, as they were when their hashes were compared: that it is them is known again by this. */
export type Verified = Map<string, Pick<Stats, 'ino' | 'size' | 'mtimeMs'> & { readonly sha256: string | undefined }>;

/**
 * Brings a share into its staging directory and compares it with the manifest. Nothing that a person sees is touched. What
 * is there already, from the image or an earlier try, is not fetched again.
 */
export async function fetchShare(
  from: Source,
  share: Share,
  onBytes: (bytes: number, files: number) => void,
  signal: AbortSignal,
): Promise<Verified> {
  const { place } = from;
  const staging = stagingOf(share.root, share.part);
  mkdirSync(place.at(staging), { recursive: true, mode: 0o700 });
  chmodSync(place.at(staging), 0o700); // a root may hand its group down, which is none of theirs
  await seed(from, share, signal);
  const brought = await fromImage(from, share, onBytes, signal);
  const above = waysTo(share.lines);
  const isBare = (line: ManifestLine): boolean => {
    if (line.type !== 'dir' || line.mode === BARE_MODE) return false;
    const stat = statOf(place, `${staging}${rawPath(line.path).slice(share.root.length)}`);
    return stat !== null && (stat.mode & 0o7777) === BARE_MODE;
  };
  let trouble: unknown = null;
  for (let tries = 1; tries <= TRIES; tries++) {
    const left = [
      ...share.others.filter((line) => above.has(rawPath(line.path)) && isBare(line)),
      ...share.lines.filter(({ path }) => !brought.has(rawPath(path))),
    ];
    // What did not come by its name may come with everything.
    if (left.length > 0) trouble = await runRestore(from, share, tries === 1 ? left : null, onBytes, signal);
    const { verified, wrong } = await verify(from, share, brought, signal);
    const bare = left.filter(isBare).map(({ path }) => rawPath(path));
    if (wrong.length === 0 && bare.length === 0) return verified;
    if (tries === TRIES) throw trouble ?? differs([...wrong, ...bare]);
    for (const path of wrong) {
      brought.delete(path);
      rmSync(place.at(`${staging}${path.slice(share.root.length)}`), { recursive: true, force: true });
    }
  }
  throw trouble;
}

/** What the wake image has, by raw path: its files were compared on their way to the disk. */
async function fromImage(
  { image, place }: Source,
  share: Share,
  onBytes: (bytes: number, files: number) => void,
  signal: AbortSignal,
): Promise<Map<string, number>> {
  if (!image) return new Map();
  const target = (raw: string): string => `${stagingOf(share.root, share.part)}${raw.slice(share.root.length)}`;
  // What an earlier try left is compared instead.
  const fresh = readdirSync(place.at(target(share.root))).length === 0;
  const here = share.lines.filter(({ path }) => {
    const raw = rawPath(path);
    return raw !== share.root && (fresh || statOf(place, target(raw)) === null);
  });
  const wanted = [...foldersAbove(here, share), ...here];
  return new Map([[share.root, 0], ...(await image.bring(wanted, place, target, onBytes, signal))]);
}

/** What lies above these, up to the root, and is not among them. */
function foldersAbove(here: readonly ManifestLine[], { root, lines, others }: Share): readonly ManifestLine[] {
  const own = new Set(here);
  const folders = [...lines, ...others].filter(
    (line) => line.type === 'dir' && !own.has(line) && line.path !== wirePath(root),
  );
  if (folders.length === 0) return [];
  const above = waysTo(here);
  return folders.filter(({ path }) => above.has(rawPath(path)));
}

/**
 * A file of the image that already holds what the snapshot holds joins the staging directory as a second name of the same
 * file, so restic finds it done. It must be whole: restic would replace a file with two names, and lose what it had kept.
 */
async function seed({ place, known, hashers }: Source, share: Share, signal: AbortSignal): Promise<void> {
  const staging = stagingOf(share.root, share.part);
  const candidates = share.lines.flatMap((line) => {
    if (line.type !== 'file' || line.sha256 === undefined) return [];
    const path = rawPath(line.path);
    if (!known.mention(path)) return [];
    const stat = statOf(place, path);
    if (!stat?.isFile() || stat.size !== line.sizeBytes || !known.has(path, stat)) return [];
    return [{ path, size: stat.size, sha256: line.sha256 }];
  });
  await hashFiles(
    place,
    candidates,
    (index, hashed) => {
      const { path, sha256 } = candidates[index]!;
      if (!('sha256' in hashed) || hashed.sha256 !== sha256) return;
      const target = `${staging}${path.slice(share.root.length)}`;
      mkdirSync(place.at(target.slice(0, target.lastIndexOf('/'))), { recursive: true, mode: 0o700 });
      try {
        linkSync(place.at(path), place.at(target));
      } catch {
        // it stands there already, or lies on another file system: then it is fetched
      }
    },
    signal,
    hashers,
  );
}

/** Null, or what restic complained about: the comparison decides whether that matters. */
async function runRestore(
  { order, snapshot, place, tool }: Source,
  share: Share,
  left: readonly ManifestLine[] | null,
  onBytes: (bytes: number, files: number) => void,
  signal: AbortSignal,
): Promise<unknown> {
  const file = join(place.home, 'tmp', `restore-${share.part}-${Buffer.from(share.root, 'latin1').toString('hex')}`);
  const { exclude, patterns } = sharePatterns(share, left);
  writeFileSync(file, patternFile(patterns), { mode: 0o600 });
  const only = patterns.length === 0 ? null : exclude ? { excludeFile: file } : { includeFile: file };
  const args = restore({
    ...order.repository,
    snapshot,
    folder: `/${wirePath(share.root)}`,
    target: place.at(stagingOf(share.root, share.part)).toString('utf8'),
    only,
  });
  const hear = (line: string): void => {
    const said = readLine(line);
    if (said?.message_type === 'status' || said?.message_type === 'summary')
      onBytes(said.bytes_restored + said.bytes_skipped, said.files_restored + said.files_skipped);
  };
  try {
    await tool.run(args, 'restore_failed', hear, signal);
    return null;
  } catch (cause) {
    signal.throwIfAborted();
    if (!isFailure(cause, 'restore_failed')) throw cause;
    return cause;
  }
}

async function verify(
  { place, hashers }: Source,
  share: Share,
  brought: BroughtPaths,
  signal: AbortSignal,
): Promise<{ verified: Verified; wrong: readonly string[] }> {
  const staging = stagingOf(share.root, share.part);
  const verified: Verified = new Map();
  const wrong: string[] = [];
  const toHash: { path: string; size: number; original: string; line: ManifestLine; stat: Stats }[] = [];
  for (const line of share.lines) {
    const original = rawPath(line.path);
    const ino = brought.get(original);
    if (ino !== undefined && ino > 0) {
      verified.set(original, { ino, size: line.sizeBytes, mtimeMs: line.mtimeMs, sha256: line.sha256 });
      continue;
    }
    const path = `${staging}${original.slice(share.root.length)}`;
    const stat = statOf(place, path);
    if (stat === null || typeOf(stat) !== line.type) {
      // Devices cannot be made in most containers, and hold no work.
      if (line.type !== 'other') wrong.push(original);
    } else if (line.type === 'link' && line.target !== undefined && linkTarget(place, path) !== rawPath(line.target)) {
      wrong.push(original);
    } else if (line.type === 'file' && stat.size !== line.sizeBytes) {
      wrong.push(original);
    } else if (line.sha256 !== undefined && ino === undefined) {
      toHash.push({ path, size: stat.size, original, line, stat });
    } else verified.set(original, found(stat, line));
  }
  await hashFiles(
    place,
    toHash,
    (index, hashed) => {
      const { original, line, stat } = toHash[index]!;
      if ('sha256' in hashed && hashed.sha256 === line.sha256) verified.set(original, found(stat, line));
      else wrong.push(original);
    },
    signal,
    hashers,
  );
  return { verified, wrong };
}

const found = ({ ino, size, mtimeMs }: Stats, { sha256 }: ManifestLine) => ({
  ino,
  size,
  mtimeMs: Math.floor(mtimeMs),
  sha256,
});

function linkTarget(place: Place, path: string): string | null {
  try {
    return readlinkSync(place.at(path), 'latin1');
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return null;
    throw cause;
  }
}

function differs(wrong: readonly string[]): Failure {
  const shown = wrong.slice(0, 3).map(wirePath).join(', ');
  return new Failure('restore_differs', { why: `${wrong.length} files are not what was saved: ${shown}` });
}

/** What a disk spoiled is fetched once more. */
const TRIES = 2;
