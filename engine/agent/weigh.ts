import type { WeighOrder } from '../domain/agent-protocol.ts';
import { Failure } from '../domain/failures.ts';
import { rawPath } from '../domain/wire-path.ts';
import { fetchManifest } from './bring.ts';
import { chosen } from './bring-back.ts';
import { folderOf, mustBeFolder, targetOf } from './bring-into.ts';
import { readClaim } from './claim.ts';
import { statIfAny } from './look-at.ts';
import { lowerPriority } from './lower-priority.ts';
import type { Place } from './place.ts';
import { planRounds } from './rounds.ts';
import type { Talk } from './talk.ts';

/** Says what bringing files of a snapshot back would do here now. It takes no lock and changes nothing. */
export async function weigh(order: WeighOrder, place: Place, talk: Talk, signal: AbortSignal): Promise<void> {
  if (readClaim(place)?.workspace !== order.workspace)
    throw new Failure('bad_request', { why: `this machine does not hold ${order.workspace}` });
  lowerPriority(LOW_PRIORITY);
  const { lines } = await fetchManifest(order.snapshot, signal);
  const wanted = chosen(lines, order);
  if (order.into !== null) for (const root of wanted.keys()) mustBeFolder(place, folderOf(root, order));
  const files = [...wanted.values()].flat().filter(({ type }) => type === 'file');
  let same = 0;
  const sizes: number[] = [];
  for (const line of files) {
    const there = statIfAny(place, targetOf(rawPath(line.path), order));
    if (!there) continue;
    if (there.isFile() && there.size === line.sizeBytes && Math.floor(there.mtimeMs) === line.mtimeMs) same += 1;
    else sizes.push(there.isFile() ? there.size : 0);
  }
  // A checkpoint would be taken before, which holds all that is there.
  const rounds = planRounds(place, wanted, { has: () => order.into === null });
  talk.say({
    event: 'weighed',
    files: files.length,
    bytes: files.reduce((total, { sizeBytes }) => total + sizeBytes, 0),
    same,
    inTheWay: sizes.length,
    inTheWayBytes: sizes.reduce((total, size) => total + size, 0),
    rounds: rounds.length,
  });
}

const LOW_PRIORITY = 15;
