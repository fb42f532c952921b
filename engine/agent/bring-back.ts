import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BringBackOrder, ManifestLine } from '../domain/agent-protocol.ts';
import { Failure, isFailure } from '../domain/failures.ts';
import { rawPath } from '../domain/wire-path.ts';
import { fetchManifest } from './bring.ts';
import { dropSame, folderOf, mustBeFolder } from './bring-into.ts';
import { readClaim } from './claim.ts';
import { fetchShare, type Share, stagingOf, type Verified } from './fetch-share.ts';
import { openHashers } from './hash-files.ts';
import { type Lock, takeLock } from './lock.ts';
import { statOf } from './look-at.ts';
import { lowerPriority } from './lower-priority.ts';
import { checkedPath, type Place, STAGING } from './place.ts';
import { emptyTrash, type Placing, placeShare } from './place-share.ts';
import { openRestic } from './restic-here.ts';
import { planRounds } from './rounds.ts';
import { safeFiles } from './safe-files.ts';
import type { Talk } from './talk.ts';

/**
 * Puts files of a snapshot back while people work. All of them are fetched beside where they go and compared before the
 * first one is moved; where they have no room for that, each round of them. Only what the checkpoint before holds as it is
 * now gives way; whatever else is in the way stays, and gets the snapshot's copy beside it. Done again it goes on: what is
 * there already is not fetched.
 */
export async function bringBack(order: BringBackOrder, place: Place, talk: Talk, told: AbortSignal): Promise<void> {
  const signal = AbortSignal.any([told, talk.deaf]);
  const claim = readClaim(place);
  if (claim?.workspace !== order.workspace)
    throw new Failure('bad_request', { why: `this machine does not hold ${order.workspace}` });
  using lock = await lockSoon(place, signal);
  lowerPriority(LOW_PRIORITY);
  const { lines: all } = await fetchManifest(order.snapshot, signal);
  const wanted = chosen(all, order);
  const safe = safeFiles(order.safe ? (await fetchManifest(order.safe, signal)).lines : []);
  await using tool = await openRestic(place, order.repository, lock);
  const { into } = order;
  if (into !== null) for (const root of wanted.keys()) mustBeFolder(place, folderOf(root, order));
  // A copy elsewhere shares nothing with the file it is a copy of, or who writes to one would change the other.
  const known = into === null ? safe : NOTHING;
  await using stack = new AsyncDisposableStack();
  const hashers = stack.adopt(openHashers(), (one) => one.close());
  const beside: { path: string; beside: string }[] = [];
  const rounds = planRounds(place, wanted, known);
  const tell = progress(talk, wanted);
  const shareOf = (root: string, lines: readonly ManifestLine[]): Share => {
    const now = new Set(lines);
    return { root, part: 'rest', lines, others: all.filter((line) => rootOf(line) === root && !now.has(line)) };
  };
  const placingOf = (root: string): Placing => ({
    place,
    root: folderOf(root, order),
    known,
    replaced: { mayTake: () => true },
    mark: `dumont-${order.snapshot.id.slice(0, 8)}`,
    keptBoth: (path, other) => {
      beside.push({ path, beside: other });
      talk.say({ event: 'kept_both', path, beside: other });
    },
  });
  const source = { order, snapshot: order.snapshot.id, place, tool, known, image: null, hashers };
  for (const round of rounds) {
    const clear = (): void => {
      for (const root of round.keys()) clearStaging({ ...placingOf(root), root }, safe);
    };
    clear(); // of a try that was killed
    try {
      const fetched = new Map<string, Verified>();
      for (const [root, lines] of round) {
        fetched.set(root, await fetchShare(source, shareOf(root, lines), tell.now, signal));
        tell.done(lines);
      }
      for (const [root, verified] of fetched) {
        await dropSame(placingOf(root), root, verified, order, hashers, signal);
        placeShare(placingOf(root), stagedAt(root, into === null ? null : order.path));
      }
    } finally {
      clear();
    }
  }
  const files = [...wanted.values()].flat().filter((line) => line.type === 'file');
  const counts = { files: files.length, bytes: sum(files), beside: beside.length, rounds: rounds.length };
  talk.say({ event: 'brought_back', ...counts });
}

const NOTHING = { mention: () => false, has: () => false, hadBeforeRename: () => false };

/** What was moved aside is let go only where the checkpoint holds it and something took its place; else it goes back. */
function clearStaging(placing: Placing, safe: Placing['known']): void {
  const { place, root } = placing;
  const hadBeforeRename: Placing['known']['hadBeforeRename'] = (path, stat) =>
    statOf(place, path) !== null && safe.hadBeforeRename(path, stat);
  emptyTrash({ ...placing, known: { ...safe, hadBeforeRename } });
  rmSync(place.at(`${root}/${STAGING}`), { recursive: true, force: true });
}

/** A backup on plan is soon over. */
async function lockSoon(place: Place, signal: AbortSignal): Promise<Lock> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await takeLock(place, 'a restore');
    } catch (cause) {
      if (!isFailure(cause, 'repository_locked') || tries === LOCK_TRIES) throw cause;
      await sleep(LOCK_MS, null, { signal });
    }
  }
}

/** What was asked for, by top-level directory. */
export function chosen(
  all: readonly ManifestLine[],
  { path }: Pick<BringBackOrder, 'path'>,
): ReadonlyMap<string, readonly ManifestLine[]> {
  const raw = path === null ? null : checkedPath(path);
  const fits = (line: ManifestLine): boolean =>
    raw === null || rawPath(line.path) === raw || rawPath(line.path).startsWith(`${raw}/`);
  const lines = all.filter(fits);
  if (lines.length === 0) throw new Failure('bad_path', { path: `/${path}`, why: 'the snapshot has no such file' });
  const roots = new Set(all.filter(({ type, path: own }) => type === 'dir' && !own.includes('/')).map(rootOf));
  return Map.groupBy(
    lines.filter((line) => roots.has(rootOf(line))),
    rootOf,
  );
}

const rootOf = (line: ManifestLine): string => rawPath(line.path).split('/')[0]!;

/** What lies in it goes below the target: all of the directory, or the one that was asked for with its own name. */
function stagedAt(root: string, path: string | null): string {
  const staging = stagingOf(root, 'rest');
  if (path === null || !path.includes('/')) return staging;
  return `${staging}${rawPath(path).slice(root.length, rawPath(path).lastIndexOf('/'))}`;
}

/** Over all parts: what `now` is told is of the one that comes, beside those that are `done`. */
function progress(talk: Talk, wanted: ReadonlyMap<string, readonly ManifestLine[]>) {
  const filesIn = (lines: readonly ManifestLine[]) => lines.filter((line) => line.type === 'file');
  const files = filesIn([...wanted.values()].flat());
  const [bytesTotal, filesTotal] = [sum(files), files.length];
  let [bytesBefore, filesBefore] = [0, 0];
  const now = (bytes: number, count: number): void =>
    talk.say({
      event: 'progress',
      bytesDone: Math.min(bytesBefore + bytes, bytesTotal),
      bytesTotal,
      filesDone: Math.min(filesBefore + count, filesTotal),
      filesTotal,
    });
  const done = (part: readonly ManifestLine[]): void => {
    bytesBefore += sum(filesIn(part));
    filesBefore += filesIn(part).length;
    now(0, 0);
  };
  return { now, done };
}

const sum = (lines: readonly ManifestLine[]): number => lines.reduce((total, line) => total + line.sizeBytes, 0);

const LOW_PRIORITY = 10;
const LOCK_TRIES = 240;
const LOCK_MS = 500;
