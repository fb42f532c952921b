import type { ManifestLine, SaveOrder } from '../domain/agent-protocol.ts';
import type { AtRisk, BadLine } from '../domain/agent-shapes.ts';
import { Failure } from '../domain/failures.ts';
import { shortPath } from '../domain/short-path.ts';
import { wirePath } from '../domain/wire-path.ts';
import { ls } from '../restic/commands.ts';
import { type ListedNode, readNode } from '../restic/readings.ts';
import { badLinesOf } from './bad-lines.ts';
import type { Claim } from './claim.ts';
import type { SeenElsewhere } from './elsewhere.ts';
import { flush } from './flush.ts';
import { openHashCache } from './hash-cache.ts';
import { type Hashes, hashEntries } from './hash-entries.ts';
import { liveManifest } from './live-manifest.ts';
import { manifestLine } from './manifest.ts';
import { rememberMountedRoots } from './mounted-roots.ts';
import { comparisonWith } from './parent.ts';
import type { Place } from './place.ts';
import { newestFiles } from './proof.ts';
import { withReplaced } from './replaced-files.ts';
import type { Restic } from './restic-here.ts';
import { runBackup } from './run-backup.ts';
import { scopeOf } from './scope.ts';
import type { Talk } from './talk.ts';
import { withUsed } from './used-files.ts';
import { type Entry, type Walked, walk } from './walk.ts';

export interface BackedUp {
  readonly snapshot: string;
  readonly parent: string | null;
  readonly lines: readonly ManifestLine[];
  readonly partial: boolean;
  readonly atRisk: readonly AtRisk[];
  readonly badLines: readonly BadLine[];
  readonly newest: readonly string[];
  /** What was looked at first, and which of it is not in the snapshot as it was then. */
  readonly walked: Walked;
  readonly moved: ReadonlySet<string>;
  /** Paths that are not any more what was saved. */
  movedSince(signal: AbortSignal): Promise<readonly string[]>;
}

/**
 * Walks, hashes, has restic save what was walked, and walks again. A last save counts only when nothing moved in between;
 * a live one describes what restic caught.
 */
export async function backUp(job: Job, signal: AbortSignal): Promise<BackedUp> {
  const { order, talk } = job;
  let moved: readonly string[] = [];
  for (let round = 1; round <= Math.max(order.rounds, 1); round++) {
    const taken = await take(job, signal);
    moved = movedIn(taken, order.mode);
    if (moved.length === 0 && taken.files === countOf(taken)) return backedUp(job, taken, moved, linesOf(taken));
    if (order.mode === 'live') return backedUp(job, taken, moved, await linesFromStorage(job, taken, moved, signal));
    talk.say({ event: 'moved', round, paths: moved.slice(0, MOVED_SAID).map(wirePath) });
  }
  const what =
    moved.slice(0, 3).map(wirePath).map(shortPath).join(', ') || 'restic saved other files than were counted';
  throw new Failure('backup_failed', { why: `something still changes the files: ${what}` });
}

export interface Job {
  readonly order: BackupWish;
  readonly place: Place;
  readonly claim: Claim;
  readonly tool: Restic;
  readonly talk: Pick<Talk, 'say'>;
  /** In a last save: what was changed elsewhere, as it was seen before everything stood still. */
  readonly seen: SeenElsewhere | null;
}

export type BackupWish = Omit<SaveOrder, 'protocol' | 'verb' | 'manifestUrl' | 'sequence' | 'tags'> & {
  readonly tags: readonly string[];
};

/** One round: what was walked before and after, and what restic saved in between. */
interface Taken {
  readonly startedAt: number;
  readonly before: Walked;
  readonly hashes: Hashes;
  readonly snapshot: string;
  readonly parent: string | null;
  /** How many files restic says are in the snapshot. */
  readonly files: number;
  readonly after: Walked;
  readonly badLines: readonly BadLine[];
}

async function take(job: Job, signal: AbortSignal): Promise<Taken> {
  const { place, order } = job;
  const scope = scopeOf(place, order, job.seen);
  await flush(place, scope.roots, signal);
  const startedAt = Date.now();
  const before = await walk(place, scope, signal);
  const cache = openHashCache(place);
  const targets = scope.roots.filter((root) => before.entries.some((entry) => entry.path === root));
  // restic may run beside the hashing unless what it may skip depends on the hashes.
  const comparison = comparisonWith(place, job.claim, order.parent);
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const hashing = hashEntries(place, before.entries, cache, either);
  const saving = (async () => {
    const compare = typeof comparison === 'function' ? comparison(before.entries, await hashing) : comparison;
    return await runBackup(job, before, targets, compare, either);
  })();
  const [hashes, saved] = await Promise.all([hashing, saving]).catch(async (cause: unknown) => {
    stop.abort(cause);
    await Promise.allSettled([hashing, saving]);
    throw cause;
  });
  const after = await walk(place, scope, signal);
  cache.save();
  rememberMountedRoots(place, scope.roots, scope.mounts);
  return { startedAt, before, hashes, after, badLines: badLinesOf(scope), ...saved };
}

function linesOf({ before, hashes }: Taken): readonly ManifestLine[] {
  return before.entries.flatMap((entry) => {
    if (entry.type !== 'file') return [manifestLine(entry, undefined)];
    const sha256 = hashes.sha256.get(entry.path);
    return sha256 === undefined ? [] : [manifestLine(entry, sha256)];
  });
}

const countOf = (taken: Taken): number => taken.hashes.sha256.size;

function backedUp(job: Job, taken: Taken, moved: readonly string[], lines: readonly ManifestLine[]): BackedUp {
  const { before, hashes } = taken;
  const told = new Set(lines.filter((line) => line.sha256 !== undefined).map((line) => line.path));
  const atRisk = [...before.atRisk, ...hashes.unreadable];
  return {
    snapshot: taken.snapshot,
    parent: taken.parent,
    lines: withUsed(job.place, withReplaced(job.place, lines, before.elsewhere)),
    partial: !job.claim.complete || atRisk.some((risk) => risk.kind === 'unlisted'),
    atRisk,
    badLines: taken.badLines,
    newest: newestFiles(before.entries)
      .map(wirePath)
      .filter((path) => told.has(path)),
    walked: before,
    moved: new Set([...moved, ...hashes.unreadablePaths]),
    async movedSince(signal) {
      const after = await walk(job.place, scopeOf(job.place, job.order, job.seen), signal);
      return movedIn({ ...taken, after }, 'last').map(wirePath);
    },
  };
}

/**
 * Paths that are not what they were. A directory that only got another time is the same: its entries say the rest. While
 * people work, a file that was written just before the walk may be written again in the same tick of the clock.
 */
function movedIn({ before, after, hashes, startedAt }: Taken, mode: SaveOrder['mode']): readonly string[] {
  const left = new Map(before.entries.map((entry) => [entry.path, entry]));
  const moved: string[] = [];
  for (const entry of after.entries) {
    const then = left.get(entry.path);
    left.delete(entry.path);
    const justNow = mode === 'live' && entry.type === 'file' && entry.ctimeMs > startedAt - TICK_MS;
    if (!then || !isSame(then, entry) || justNow) moved.push(entry.path);
  }
  moved.push(...left.keys());
  return moved.filter((path) => !hashes.unreadablePaths.has(path));
}

function isSame(a: Entry, b: Entry): boolean {
  if (a.type !== b.type || a.mode !== b.mode) return false;
  if (a.type === 'dir') return true;
  return a.size === b.size && a.mtimeMs === b.mtimeMs && a.ctimeMs === b.ctimeMs && a.inode === b.inode;
}

async function linesFromStorage(
  job: Job,
  taken: Taken,
  moved: readonly string[],
  signal: AbortSignal,
): Promise<readonly ManifestLine[]> {
  const nodes: ListedNode[] = [];
  const list = (line: string): void => {
    const node = readNode(line);
    if (node) nodes.push(node);
  };
  await job.tool.run(ls(job.order.repository, taken.snapshot), 'backup_failed', list, signal);
  return liveManifest(nodes, taken.before.entries, new Set(moved), taken.hashes.sha256);
}

const MOVED_SAID = 100;
const TICK_MS = 100;
