import { availableParallelism } from 'node:os';
import type { AgentEvent } from '../../domain/agent-protocol.ts';
import type { BadLine, RepositoryAccess } from '../../domain/agent-shapes.ts';
import { Failure } from '../../domain/failures.ts';
import type { Taken } from '../../domain/heartbeat.ts';
import { contentHash } from '../../policy/content-hash.ts';
import { type BackedUp, backUp } from '../back-up.ts';
import { rememberWalk } from '../change/walk-memory.ts';
import { readClaim } from '../claim.ts';
import { thawLeftovers } from '../freeze.ts';
import { writeWakeImage } from '../image/write-wake-image.ts';
import { takeLock } from '../lock.ts';
import { lowerPriority } from '../lower-priority.ts';
import { packManifest } from '../manifest.ts';
import type { Place } from '../place.ts';
import { openRestic } from '../restic-here.ts';
import type { Talk } from '../talk.ts';
import { sendObject } from '../transfer.ts';
import { keepWhole, wholeManifest } from '../whole-manifests.ts';
import { BackupOrder, type BackupSaid, BackupTold } from './backup-talk.ts';
import { lastSequence } from './last-sequence.ts';
import { addToOutbox } from './outbox.ts';

/**
 * One backup while people work, in a process of its own, and then perhaps a wake image of it. It ends when the agent that
 * started it does.
 */
export async function backUpChild(place: Place, talk: Talk<BackupSaid>, signal: AbortSignal): Promise<void> {
  lowerPriority(LOW_PRIORITY);
  const order = BackupOrder.parse(JSON.parse((await talk.next(signal)) ?? 'null'));
  const alive = AbortSignal.any([signal, talk.hungUp, talk.deaf]);
  const told = hear(talk, order.repository, alive);
  const { taken, done, badLines } = await take(order, place, talk, told, alive);
  talk.say({ event: 'taken', taken, badLines: [...badLines] });
  if (!order.image) return;
  // One without a ticket comes after the last that had one.
  const sequence = order.ticket?.sequence ?? lastSequence(place, order.workspace);
  await picture(place, { ...taken, sequence }, done.lines, talk, told, alive);
}

interface Done {
  readonly taken: Taken;
  readonly done: BackedUp;
  readonly badLines: readonly BadLine[];
}

async function take(
  order: BackupOrder,
  place: Place,
  talk: Talk<BackupSaid>,
  told: Told,
  alive: AbortSignal,
): Promise<Done> {
  using lock = await takeLock(place, 'a backup');
  const claim = readClaim(place);
  if (claim?.workspace !== order.workspace)
    throw new Failure('bad_request', { why: `this machine holds ${claim?.workspace ?? 'nothing'}` });
  thawLeftovers(place);
  await using tool = await openRestic(place, order.repository, lock);
  told.onCredentials = (credentials) => tool.renew(credentials);
  const wish = { ...order, mode: 'live', rounds: 1, tags: tagsOf(order) } as const;
  const progress = { say: (event: AgentEvent) => event.event === 'progress' && talk.say(event) };
  const done = await backUp({ order: wish, place, claim, tool, talk: progress, seen: null }, alive);
  told.onCredentials = async () => undefined; // an image is sent by ourselves
  const taken = takenOf(order, done);
  const base = order.base === null ? null : wholeManifest(place, order.base);
  const manifest = await packManifest(done.lines, base, taken);
  if (order.ticket) await sendObject(order.ticket.manifestUrl, manifest.bytes, 'the manifest', alive);
  const whole: Taken = { ...taken, manifestSha256: manifest.sha256, manifestBase: manifest.base };
  despiteFullDisk(() => {
    if (order.ticket) addToOutbox(place, whole);
    if (manifest.base === null) keepWhole(place, taken.snapshot, manifest.bytes);
    rememberWalk(place, done.walked, done.moved);
  });
  return { taken: whole, done, badLines: done.badLines };
}

/** What is in storage is in storage, whether or not there is room to write it down. */
function despiteFullDisk(write: () => void): void {
  try {
    write();
  } catch {
    // the agent hears of it all the same; the next walk finds more changed than was
  }
}

/**
 * A piece at a time: what one wrote the next goes on from, so that whatever ends us, most of it is there. A machine that
 * people work on keeps half of its cores.
 */
async function picture(
  place: Place,
  { epoch, sequence, snapshot, contentHash }: Taken,
  lines: BackedUp['lines'],
  talk: Talk<BackupSaid>,
  told: Told,
  signal: AbortSignal,
): Promise<void> {
  const threads = Math.min(Math.max(Math.floor(availableParallelism() / 2), 1), PICTURE_THREADS_MAX);
  const backup = { epoch, sequence, snapshot, contentHash };
  while (!told.enough.aborted) {
    const until = AbortSignal.any([told.enough, AbortSignal.timeout(PIECE_MS)]);
    const pictured = { repository: told.repository(), place, backup, lines, threads };
    const written = await writeWakeImage(pictured, until, signal);
    const moved = written.image !== null && written.image.bytesSent > 0; // else the next one would not get further
    if (!moved || written.image?.whole || !until.aborted) return talk.say(written);
  }
}

/** What the agent that started us says meanwhile. */
interface Told {
  readonly repository: () => RepositoryAccess;
  readonly enough: AbortSignal;
  onCredentials: (credentials: RepositoryAccess['credentials']) => Promise<void>;
}

function hear(talk: Talk<BackupSaid>, given: RepositoryAccess, signal: AbortSignal): Told {
  const enough = new AbortController();
  let repository = given;
  const told: Told = {
    repository: () => repository,
    enough: enough.signal,
    onCredentials: async () => undefined,
  };
  const listen = async (): Promise<void> => {
    for (let line = await talk.next(signal); line !== null; line = await talk.next(signal)) {
      const said = BackupTold.parse(JSON.parse(line));
      if (said.say === 'enough') enough.abort();
      else {
        repository = { ...repository, credentials: said.credentials };
        await told.onCredentials(said.credentials);
      }
    }
  };
  listen().catch(() => undefined); // it ends; or there is no room to write them, and those that restic has are good for a while
  return told;
}

function tagsOf({ machine, epoch, ticket }: BackupOrder): string[] {
  return [`machine=${machine}`, `epoch=${epoch}`, ...(ticket ? [`draft=${ticket.draft}`] : [])];
}

function takenOf(order: BackupOrder, done: BackedUp): Omit<Taken, 'manifestSha256' | 'manifestBase'> {
  const files = done.lines.filter((line) => line.type === 'file');
  return {
    snapshot: done.snapshot,
    parent: done.parent,
    sequence: order.ticket?.sequence ?? 0,
    draft: order.ticket?.draft ?? '',
    epoch: order.epoch,
    time: order.time,
    endedAt: order.time + Math.round(performance.now()),
    contentHash: contentHash(done.lines),
    files: files.length,
    bytes: files.reduce((sum, line) => sum + line.sizeBytes, 0),
    partial: done.partial,
    atRisk: done.atRisk.slice(0, AT_RISK_SAID),
  };
}

const LOW_PRIORITY = 10;
const PICTURE_THREADS_MAX = 8;
const PIECE_MS = 5 * 60_000;
const AT_RISK_SAID = 1_000;
