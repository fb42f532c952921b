import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { PROTOCOL } from '../../domain/agent-protocol.ts';
import { Repository, Sha256 } from '../../domain/agent-shapes.ts';
import { Failure } from '../../domain/failures.ts';
import { AgentAnswer, type Taken } from '../../domain/heartbeat.ts';
import { shortPath } from '../../domain/short-path.ts';
import type { WatchdogProof } from '../../domain/watchdog-proof.ts';
import { contentHash } from '../../policy/content-hash.ts';
import { type BackupWish, backUp, type Job } from '../back-up.ts';
import { type Claim, readClaim } from '../claim.ts';
import { nothingSeen } from '../elsewhere.ts';
import { type Freeze, freeze, keptFor } from '../freeze.ts';
import { takeLock } from '../lock.ts';
import { packManifest } from '../manifest.ts';
import type { Place } from '../place.ts';
import { openRestic } from '../restic-here.ts';
import { scopeOf } from '../scope.ts';
import { sendObject } from '../transfer.ts';
import { type Content, contentHere } from './content-here.ts';
import { callEnd, endItself } from './end-itself.ts';
import { lastWord, say, takeBack } from './last-word.ts';
import { proveHere } from './prove-here.ts';

/** Everything it takes to save, prove and end this machine without an engine. */
export const LastStandOrder = z.object({
  workspace: z.string(),
  machine: z.string(),
  epoch: z.number().int(),
  repository: Repository,
  include: z.array(z.string()),
  exclude: z.array(z.string()),
  fileBytesMax: z.number(),
  /** The last snapshot that was taken here. */
  parent: Sha256.nullable(),
  /** The engine's clock. */
  time: z.number(),
  orders: AgentAnswer.shape.watchdog.unwrap(),
});
export type LastStandOrder = z.infer<typeof LastStandOrder>;

/**
 * Saves with everything standing still, reads it back, leaves the proof in storage, and only then ends the machine. It
 * returns only when there is no way to end it: then everything goes on, saved. Whatever goes wrong on the way rejects, and
 * lets everything go on too. `onEnding` is called when the end was granted: from then on nothing stops it.
 */
export async function lastStand(
  order: LastStandOrder,
  place: Place,
  onEnding: () => void,
  signal: AbortSignal,
  endMs = END_MS,
): Promise<Taken> {
  const { repository, orders } = order;
  const ends = orders.end !== null || orders.itself !== null;
  using lock = await takeLock(place, 'the watchdog');
  const claim = claimFor(order, place);
  const keptByEngine = keptFor(place) > orders.ticket.sequence ? keptFor(place) : 0;
  const seen = nothingSeen();
  await scopeOf(place, order, seen).elsewhere(signal); // takes long, and what it saw is only compared later
  const frozen = await freeze(place, signal);
  try {
    await using tool = await openRestic(place, repository, lock);
    const content = await contentHere(place, order, seen, signal);
    holdForRisk(content);
    const taken =
      sameAsBefore(order, place, content) ??
      (await saveNow(order, { place, claim, tool, talk: SILENT, seen }, content, signal));
    const { bytes, sha256 } = await packManifest(content.lines);
    await sendObject(orders.ticket.manifestUrl, bytes, 'the manifest', signal);
    const backup = { snapshot: taken.snapshot, host: order.workspace, tags: ownTags(order) };
    const compared = await proveHere(place, repository, backup, content, tool, signal);
    await mustStandStill(frozen, content, signal);

    const proof: WatchdogProof = {
      protocol: PROTOCOL,
      workspace: order.workspace,
      machine: order.machine,
      taken: { ...taken, manifestSha256: sha256, sequence: orders.ticket.sequence, draft: orders.ticket.draft },
      processes: ends ? 'stand-still' : 'go-on',
      compared,
      at: order.time + Math.round(performance.now()),
    };
    await say(place, proof, orders.proofUrl, signal);
    if (!ends) return proof.taken;
    await mustStandStill(frozen, content, signal);
    signal.throwIfAborted();
    // From then on it ends. Whoever tells us to stop is that end, and nothing may move before it.
    await end(
      orders,
      () => {
        frozen.keep(orders.ticket.sequence);
        onEnding();
      },
      signal,
    );
    await sleep(endMs);
    throw new Failure('backup_failed', { why: 'it was told to end, and is still here' });
  } finally {
    if (keptByEngine > 0)
      frozen.keep(keptByEngine); // an engine proved it and may be ending it: nothing may move there
    else frozen.thaw();
    await takeBack(place, orders.proofUrl, AbortSignal.timeout(TAKE_BACK_MS)).catch(() => undefined); // tried again
  }
}

async function end(
  { end: call, itself }: LastStandOrder['orders'],
  granted: () => void,
  signal: AbortSignal,
): Promise<void> {
  if (itself !== null) return await endItself(itself, granted, signal);
  if (call === null) return;
  await callEnd(call, signal);
  granted();
}

function claimFor(order: LastStandOrder, place: Place): Claim {
  const claim = readClaim(place);
  if (claim?.workspace !== order.workspace || claim.epoch !== order.epoch)
    throw new Failure('bad_request', { why: `this machine holds ${claim ? claim.workspace : 'no work'}` });
  if (!claim.complete) throw new Failure('backup_failed', { why: 'not all files of the workspace have arrived' });
  return claim;
}

/** What no backup has and nobody can remake waits for a person, as it does with an engine. */
function holdForRisk({ atRisk }: Content): void {
  const [first] = atRisk;
  if (first) throw new Failure('backup_failed', { why: `${first.path} would not be in it: ${first.why}` });
}

/** The last one, when nothing moved since: then it need not be made again. */
function sameAsBefore(order: LastStandOrder, place: Place, content: Content): Taken | null {
  const word = lastWord(place);
  const mine = word?.machine === order.machine && word.taken.epoch === order.epoch;
  return mine && word.taken.contentHash === content.contentHash ? word.taken : null;
}

async function saveNow(
  order: LastStandOrder,
  job: Omit<Job, 'order'>,
  content: Content,
  signal: AbortSignal,
): Promise<Taken> {
  const { sequence, draft } = order.orders.ticket;
  const tags = [...ownTags(order), `draft=${draft}`];
  const wish: BackupWish = { ...order, mode: 'last', rounds: ROUNDS, tags };
  const done = await backUp({ ...job, order: wish }, signal);
  if (contentHash(done.lines) !== content.contentHash || done.partial)
    throw new Failure('backup_failed', { why: 'something moved meanwhile, or could not be read' });
  const files = done.lines.filter((line) => line.type === 'file');
  return {
    snapshot: done.snapshot,
    parent: done.parent,
    sequence,
    draft,
    epoch: order.epoch,
    time: order.time,
    endedAt: order.time + Math.round(performance.now()),
    contentHash: content.contentHash,
    manifestSha256: '0'.repeat(64),
    manifestBase: null,
    files: files.length,
    bytes: files.reduce((sum, line) => sum + line.sizeBytes, 0),
    partial: false,
    atRisk: [],
  };
}

function ownTags({ machine, epoch }: LastStandOrder): string[] {
  return [`machine=${machine}`, `epoch=${epoch}`];
}

async function mustStandStill(frozen: Freeze, content: Content, signal: AbortSignal): Promise<void> {
  const newcomers = frozen.newcomers();
  if (newcomers.length > 0)
    throw new Failure('backup_failed', { why: `somebody came in meanwhile: ${newcomers.slice(0, 3).join(', ')}` });
  const moved = await content.movedSince(signal);
  if (moved.length > 0)
    throw new Failure('backup_failed', {
      why: `changed after the backup: ${moved.slice(0, 3).map(shortPath).join(', ')}`,
    });
}

const SILENT: Job['talk'] = { say: () => undefined };
const ROUNDS = 2;
/** From the answer to the end of everything here. */
const END_MS = 5 * 60_000;
const TAKE_BACK_MS = 10_000;
