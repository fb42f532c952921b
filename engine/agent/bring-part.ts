import type { AgentEvent, ManifestLine, RestoreOrder } from '../domain/agent-protocol.ts';
import { rawPath } from '../domain/wire-path.ts';
import { patternsFor } from '../restic/exclude-patterns.ts';
import { isCritical, usedLast } from './critical.ts';
import { fetchShare, PARTS, type Part, type Share, stagingOf, type Verified } from './fetch-share.ts';
import { type HashCache, openHashCache } from './hash-cache.ts';
import type { Hashers } from './hash-files.ts';
import type { WakeImage } from './image/wake-image.ts';
import type { KnownFiles } from './known-files.ts';
import { statOf } from './look-at.ts';
import type { Place } from './place.ts';
import { emptyTrash, type Placing, placeShare } from './place-share.ts';
import { openReplacedFiles, type ReplacedFiles } from './replaced-files.ts';
import type { Restic } from './restic-here.ts';
import { type RestoreState, readState, writeState } from './restore-state.ts';
import { PATTERNS_MAX } from './share-patterns.ts';
import { entryOf } from './walk.ts';

interface Start {
  readonly order: RestoreOrder;
  readonly snapshot: string;
  readonly place: Place;
  readonly lines: readonly ManifestLine[];
  readonly known: KnownFiles;
  readonly tool: Restic;
  readonly image: WakeImage | null;
  readonly hashers: Hashers;
  readonly say: (event: AgentEvent) => void;
}

/** One restore, from the first try to the last. */
export interface Job extends Start {
  readonly roots: readonly Root[];
  readonly state: RestoreState;
  readonly cache: HashCache;
  readonly replaced: ReplacedFiles;
  readonly keptBoth: (path: string, beside: string) => void;
  placing(root: string): Placing;
}

/** A top-level directory of the snapshot. */
export interface Root {
  readonly root: string;
  readonly parts: Readonly<Record<Part, readonly ManifestLine[]>>;
}

export function startJob(start: Start): Job {
  const { order, snapshot, place, say, known } = start;
  const before = readState(place);
  const same = before?.snapshot === snapshot && before.epoch === order.epoch;
  const state: RestoreState = same
    ? before
    : { snapshot, epoch: order.epoch, fetched: [], placed: [], keptBoth: before?.keptBoth ?? [] };
  if (same) for (const both of state.keptBoth) say({ event: 'kept_both', ...both });
  const keptBoth = (path: string, beside: string): void => {
    state.keptBoth.push({ path, beside });
    writeState(place, state);
    say({ event: 'kept_both', path, beside });
  };
  const replaced = openReplacedFiles(place, start.lines);
  return {
    ...start,
    replaced,
    roots: rootsOf(start.lines, Date.now()),
    state,
    cache: openHashCache(place),
    keptBoth,
    placing: (root) => ({ place, root, known, replaced, mark: `dumont-${snapshot.slice(0, 8)}`, keptBoth }),
  };
}

function rootsOf(lines: readonly ManifestLine[], now: number): readonly Root[] {
  const used = usedLast(
    lines.filter((line) => !isCritical(line)),
    now,
  );
  const roots = Map.groupBy(lines, (line) => rawPath(line.path).split('/')[0]!);
  return [...roots].flatMap(([root, all]) => {
    if (all.find((line) => rawPath(line.path) === root)?.type !== 'dir') return []; // a link: see roots.ts
    const large = largestFew(
      all.filter((line) => !isCritical(line)),
      all,
      root,
    );
    const parts = Map.groupBy(all, (line): Part => (!large.has(line) ? 'critical' : used.has(line) ? 'used' : 'rest'));
    const of = (part: Part): readonly ManifestLine[] => parts.get(part) ?? [];
    return [{ root, parts: { critical: of('critical'), used: of('used'), rest: of('rest') } }];
  });
}

/** restic compares every file with every pattern. Where the large files take too many, the smaller of them come first too. */
function largestFew(large: readonly ManifestLine[], all: readonly ManifestLine[], root: string): Set<ManifestLine> {
  const bySize = large.toSorted((a, b) => b.sizeBytes - a.sizeBytes);
  for (let count = bySize.length; ; count = Math.floor(count / 2)) {
    const few = new Set(bySize.slice(0, count));
    if (count <= PATTERNS_MAX) return few; // there are no more patterns than files
    const below = (line: ManifestLine): string => rawPath(line.path).slice(root.length + 1);
    const others = all.filter((line) => !few.has(line)).map(below);
    if (patternsFor([...few].map(below), others, '').length <= PATTERNS_MAX) return few;
  }
}

/** What was fetched of a part, compared, and waits to be moved to where it belongs. */
export interface Fetched {
  readonly part: Part;
  readonly shares: readonly Share[];
  readonly verified: readonly Verified[];
}

/** Null when nothing is left to do of this part. */
export async function fetchPart(job: Job, part: Part, signal: AbortSignal): Promise<Fetched | null> {
  const { place, state } = job;
  const shares = job.roots.map((root) => shareOf(root, part)).filter((share) => share.lines.length > 0);
  if (shares.length === 0 || state.placed.includes(part)) return null;
  if (state.fetched.includes(part)) return { part, shares, verified: [] };
  const verified = await fetchAll(job, shares, signal);
  state.fetched.push(part);
  writeState(place, state);
  return { part, shares, verified };
}

export function placePart(job: Job, { part, shares }: Fetched): void {
  for (const { root } of shares) {
    emptyTrash(job.placing(root)); // of a try that was killed
    if (statOf(job.place, stagingOf(root, part))) placeShare(job.placing(root), stagingOf(root, part));
    emptyTrash(job.placing(root)); // before what is known of these names becomes what was just placed
  }
}

/** So that a try that comes later knows what this one did. */
export function rememberPart(job: Job, { part, verified }: Fetched): void {
  for (const files of verified) remember(job, files);
  job.replaced.save();
  job.known.save();
  job.cache.save();
  job.state.placed.push(part);
  writeState(job.place, job.state);
}

/** The directories share the connections and are fetched side by side. */
async function fetchAll(job: Job, shares: readonly Share[], signal: AbortSignal): Promise<readonly Verified[]> {
  const worth = shares.filter((share) => share.lines.some((line) => rawPath(line.path) !== share.root));
  const connections = Math.max(
    Math.floor(job.order.repository.connections / Math.max(worth.length, 1)),
    CONNECTIONS_MIN,
  );
  const order = { ...job.order, repository: { ...job.order.repository, connections } };
  const report = reporter(job, shares[0]?.part ?? 'critical');
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const fetching = worth.map((share) => fetchShare({ ...job, order }, share, report(share), either));
  try {
    return await Promise.all(fetching);
  } catch (cause) {
    stop.abort(cause);
    await Promise.allSettled(fetching);
    throw cause;
  }
}

function shareOf({ root, parts }: Root, part: Part): Share {
  const others = PARTS.filter((other) => other !== part).flatMap((other) => parts[other]);
  return { root, part, lines: parts[part], others };
}

function reporter(job: Job, part: Part): (share: Share) => (bytes: number, files: number) => void {
  const files = job.lines.filter((line) => line.type === 'file');
  const bytesTotal = sum(files);
  const earlier = PARTS.slice(0, PARTS.indexOf(part));
  const before = job.roots
    .flatMap(({ parts }) => earlier.flatMap((one) => parts[one]))
    .filter((line) => line.type === 'file');
  const bytesBefore = sum(before);
  const done = new Map<Share, { bytes: number; files: number }>();
  return (share) => (bytes, count) => {
    done.set(share, { bytes, files: count });
    const now = [...done.values()];
    job.say({
      event: 'progress',
      bytesDone: Math.min(bytesBefore + now.reduce((total, one) => total + one.bytes, 0), bytesTotal),
      bytesTotal,
      filesDone: Math.min(before.length + now.reduce((total, one) => total + one.files, 0), files.length),
      filesTotal: files.length,
    });
  };
}

/** What lies in its place now, exactly as it was compared, is known to be ours, and its hash too. */
function remember({ place, known, cache }: Job, verified: Verified): void {
  for (const [path, { ino, size, mtimeMs, sha256 }] of verified) {
    const there = statOf(place, path);
    if (there?.ino !== ino) continue;
    if (there.isDirectory()) known.add(path, there);
    if (there.isDirectory() || there.size !== size || Math.floor(there.mtimeMs) !== mtimeMs) continue;
    known.add(path, there);
    const entry = entryOf(place, path, there);
    // Its time is that of the snapshot, so nobody wrote to it since, however lately it was moved here.
    if (entry && sha256 !== undefined) cache.set(entry, sha256, Number.POSITIVE_INFINITY);
  }
}

const sum = (lines: readonly ManifestLine[]): number => lines.reduce((total, line) => total + line.sizeBytes, 0);

const CONNECTIONS_MIN = 4;
