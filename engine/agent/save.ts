import { availableParallelism } from 'node:os';
import type { AgentEvent, ImageWritten, SaveOrder } from '../domain/agent-protocol.ts';
import { Failure } from '../domain/failures.ts';
import { shortPath } from '../domain/short-path.ts';
import { contentHash } from '../policy/content-hash.ts';
import { type BackedUp, backUp, type Job } from './back-up.ts';
import { readClaim } from './claim.ts';
import { nothingSeen } from './elsewhere.ts';
import { type Freeze, freeze, keptFor, thawLeftovers } from './freeze.ts';
import { LIST_MS, writeWakeImage } from './image/write-wake-image.ts';
import { lastSequence } from './life/last-sequence.ts';
import { askToStandAside, type StoodAside } from './life/stand-aside.ts';
import { takeLock } from './lock.ts';
import { lowerPriority } from './lower-priority.ts';
import { packManifest } from './manifest.ts';
import type { Place } from './place.ts';
import { digestsOf } from './proof.ts';
import { openRestic } from './restic-here.ts';
import { scopeOf } from './scope.ts';
import { replyFrom, type Talk } from './talk.ts';
import { sendObject } from './transfer.ts';

/**
 * Backs up and waits to hear whether it was believed. In a last save everything of the user's stands still from before the
 * first look until the verdict; whatever happens on the way, a lost connection included, lets it go on.
 */
export async function save(order: SaveOrder, place: Place, talk: Talk, signal: AbortSignal): Promise<void> {
  refuseOlder(order, place);
  using aside = await askToStandAside(place, order.sequence, talk.say, signal);
  refuseOutdated(order, place, aside);
  using lock = await takeLock(place, 'a save');
  refuseOlder(order, place); // another one may have ended meanwhile
  const claim = readClaim(place);
  if (claim && claim.workspace !== order.workspace)
    throw new Failure('bad_request', { why: `this machine holds ${claim.workspace}, not ${order.workspace}` });
  if (!claim) {
    talk.say(await nothing());
    if ((await verdict(place, talk, signal)) === 'keep-stopped') talk.say({ event: 'kept_stopped' });
    return;
  }
  await using tool = await openRestic(place, order.repository, lock);
  const parent = order.full ? null : (aside.known?.parent ?? order.parent);
  const last = order.mode === 'last';
  let job: Job = { order: { ...order, parent }, place, claim, tool, talk, seen: last ? nothingSeen() : null };
  const alive = AbortSignal.any([signal, talk.deaf, ...(last ? [talk.hungUp] : [])]);
  let frozen: Freeze | null = null;
  const letGo = new AbortController();
  try {
    if (last) {
      job = await saveAhead(job, aside, alive);
      await scopeOf(place, order, job.seen).elsewhere(alive); // takes long, and what it saw is only compared later
      tool.hurry();
      frozen = await freeze(place, alive);
      talk.say({ event: 'stopped_processes', count: frozen.count });
    } else {
      thawLeftovers(place);
      lowerPriority(LOW_PRIORITY); // people work meanwhile; restic inherits it
    }
    const { done, contentHash } = await saveAndSay(job, order.manifestUrl, alive);
    aside.took(done.snapshot);
    // While the control host reads the backup back: whatever comes of it, nothing waits for it but the end of the machine.
    const until = AbortSignal.any([alive, letGo.signal]);
    // One of a part would take the place of the whole one that the next machine could wake from.
    const imaging =
      frozen && claim.complete && order.imageMs
        ? picture({ ...order, withinMs: order.imageMs }, job, done, contentHash, until)
        : null;
    if ((await verdict(place, talk, alive)) === 'keep-stopped' && frozen) {
      const written = await imaging;
      if (written) talk.say(written);
      await mustStandStill(frozen, done, alive);
      frozen.keep(order.sequence);
      frozen = null;
      aside.keptStopped();
      talk.say({ event: 'kept_stopped' });
    }
  } finally {
    letGo.abort();
    frozen?.thaw();
  }
}

function picture(
  { repository, sequence, withinMs }: SaveOrder & { readonly withinMs: number },
  { place, claim: { epoch } }: Job,
  { snapshot, lines }: BackedUp,
  contentHash: string,
  signal: AbortSignal,
): Promise<ImageWritten> {
  const threads = Math.min(availableParallelism(), PICTURE_THREADS_MAX);
  const pictured = { repository, place, backup: { epoch, sequence, snapshot, contentHash }, lines, threads };
  return writeWakeImage(pictured, AbortSignal.timeout(Math.max(withinMs - LIST_MS, 0)), signal);
}

/** Who logged in after everything stood still may have written what no backup has. Then the machine must not end. */
async function mustStandStill(frozen: Freeze, done: BackedUp, signal: AbortSignal): Promise<void> {
  const newcomers = frozen.newcomers();
  if (newcomers.length > 0)
    throw new Failure('backup_failed', { why: `somebody came in meanwhile: ${newcomers.slice(0, 3).join(', ')}` });
  const moved = await done.movedSince(signal);
  if (moved.length > 0)
    throw new Failure('backup_failed', {
      why: `changed after the backup: ${moved.slice(0, 3).map(shortPath).join(', ')}`,
    });
}

/** From an engine that stood still while another one saved this machine for the last time: what stands still stays so. */
function refuseOlder(order: SaveOrder, place: Place): void {
  if (order.sequence < keptFor(place))
    throw new Failure('bad_request', { why: 'a later order has saved this machine for the last time' });
}

/**
 * Whatever is newer in the catalogue must have the higher number: this order had its own before a later ticket was used for
 * a backup here. The engine asks again, with a number of now.
 */
function refuseOutdated({ sequence, workspace }: SaveOrder, place: Place, { known }: StoodAside): void {
  const last = known ? known.last : lastSequence(place, workspace);
  if (sequence < last)
    throw new Failure('order_outdated', { why: `number ${last} was used here, and this is ${sequence}` });
}

/**
 * Work that is not in storage yet would keep everything stopped for as long as it takes to send. It is sent before, in a
 * snapshot that nobody is told of; the last one then finds it there.
 */
async function saveAhead(job: Job, aside: StoodAside, signal: AbortSignal): Promise<Job> {
  const { known } = aside;
  const fresh = known?.durableAgoMs !== null && (known?.durableAgoMs ?? 0) < FRESH_MS;
  if (!known?.changed || fresh) return job;
  const tags = job.order.tags.filter((tag) => !tag.startsWith('draft='));
  const ahead = await backUp({ ...job, order: { ...job.order, mode: 'live', rounds: 1, tags } }, signal);
  aside.took(ahead.snapshot);
  return { ...job, order: { ...job.order, parent: ahead.snapshot } };
}

interface Said {
  readonly done: BackedUp;
  readonly contentHash: string;
}

async function saveAndSay(job: Job, manifestUrl: string, signal: AbortSignal): Promise<Said> {
  const { claim, talk } = job;
  const done = await backUp(job, signal);
  const manifest = await packManifest(done.lines);
  await sendObject(manifestUrl, manifest.bytes, 'the manifest', signal, job.order.mode === 'last');
  const files = done.lines.filter((line) => line.type === 'file');
  const hash = contentHash(done.lines);
  talk.say({
    event: 'saved',
    snapshot: done.snapshot,
    parent: done.parent,
    contentHash: hash,
    files: files.length,
    bytes: files.reduce((sum, line) => sum + line.sizeBytes, 0),
    partial: done.partial,
    atRisk: done.atRisk.slice(0, AT_RISK_SAID),
    newest: [...done.newest],
    manifestSha256: manifest.sha256,
    epoch: claim.epoch,
  });
  return { done, contentHash: hash };
}

async function nothing(): Promise<Extract<AgentEvent, { event: 'saved' }>> {
  const manifest = await packManifest([]);
  return {
    event: 'saved',
    snapshot: null,
    parent: null,
    contentHash: contentHash([]),
    files: 0,
    bytes: 0,
    partial: false,
    atRisk: [],
    newest: [],
    manifestSha256: manifest.sha256,
    epoch: 0,
  };
}

/** Answers what the engine wants to see, until it says what becomes of the processes. Hanging up means `continue`. */
async function verdict(place: Place, talk: Talk, signal: AbortSignal): Promise<'keep-stopped' | 'continue'> {
  for (;;) {
    const patience = AbortSignal.timeout(VERDICT_MS);
    const line = await talk.next(AbortSignal.any([signal, patience])).catch((cause: unknown) => {
      signal.throwIfAborted();
      throw new Failure('backup_failed', { why: 'no verdict came, so people work on' }, { cause });
    });
    if (line === null) return 'continue';
    const reply = replyFrom(line);
    if (reply.say === 'verdict') return reply.processes;
    talk.say({ event: 'digests', sha256: await digestsOf(place, reply.paths, signal) });
  }
}

/** The proof reads some files back from storage, which may be far away. */
const VERDICT_MS = 15 * 60_000;
const AT_RISK_SAID = 1_000;
const LOW_PRIORITY = 10;
const PICTURE_THREADS_MAX = 8;
/** With a backup as young as this there is little left to send. */
const FRESH_MS = 30_000;
