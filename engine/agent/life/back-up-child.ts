import type { AgentEvent } from '../../domain/agent-protocol.ts';
import { Failure } from '../../domain/failures.ts';
import type { Taken } from '../../domain/heartbeat.ts';
import { contentHash } from '../../policy/content-hash.ts';
import { type BackedUp, backUp } from '../back-up.ts';
import { rememberWalk } from '../change/walk-memory.ts';
import { readClaim } from '../claim.ts';
import { thawLeftovers } from '../freeze.ts';
import { takeLock } from '../lock.ts';
import { lowerPriority } from '../lower-priority.ts';
import { packManifest } from '../manifest.ts';
import type { Place } from '../place.ts';
import { openRestic, type Restic } from '../restic-here.ts';
import type { Talk } from '../talk.ts';
import { sendObject } from '../transfer.ts';
import { keepWhole, wholeManifest } from '../whole-manifests.ts';
import { BackupOrder, type BackupSaid, Renewal } from './backup-talk.ts';
import { addToOutbox } from './outbox.ts';

/** One backup while people work, in a process of its own. It ends when the agent that started it does. */
export async function backUpChild(place: Place, talk: Talk<BackupSaid>, signal: AbortSignal): Promise<void> {
  lowerPriority(LOW_PRIORITY);
  const order = BackupOrder.parse(JSON.parse((await talk.next(signal)) ?? 'null'));
  const alive = AbortSignal.any([signal, talk.hungUp, talk.deaf]);
  using lock = await takeLock(place, 'a backup');
  const claim = readClaim(place);
  if (claim?.workspace !== order.workspace)
    throw new Failure('bad_request', { why: `this machine holds ${claim?.workspace ?? 'nothing'}` });
  thawLeftovers(place);
  await using tool = await openRestic(place, order.repository, lock);
  void hearRenewals(talk, tool, alive);
  const wish = { ...order, mode: 'live', rounds: 1, tags: tagsOf(order) } as const;
  const progress = { say: (event: AgentEvent) => event.event === 'progress' && talk.say(event) };
  const done = await backUp({ order: wish, place, claim, tool, talk: progress, seen: null }, alive);
  const taken = takenOf(order, done);
  const base = order.base === null ? null : wholeManifest(place, order.base);
  const manifest = await packManifest(done.lines, base, taken);
  if (order.ticket) await sendObject(order.ticket.manifestUrl, manifest.bytes, 'the manifest', alive);
  const told: Taken = { ...taken, manifestSha256: manifest.sha256, manifestBase: manifest.base };
  despiteFullDisk(() => {
    if (order.ticket) addToOutbox(place, told);
    if (manifest.base === null) keepWhole(place, taken.snapshot, manifest.bytes);
    rememberWalk(place, done.walked, done.moved);
  });
  talk.say({ event: 'taken', taken: told, badLines: [...done.badLines] });
}

/** What is in storage is in storage, whether or not there is room to write it down. */
function despiteFullDisk(write: () => void): void {
  try {
    write();
  } catch {
    // the agent hears of it all the same; the next walk finds more changed than was
  }
}

async function hearRenewals(talk: Talk<BackupSaid>, tool: Restic, signal: AbortSignal): Promise<void> {
  try {
    for (let line = await talk.next(signal); line !== null; line = await talk.next(signal))
      await tool.renew(Renewal.parse(JSON.parse(line)).credentials);
  } catch {
    // it ends; or there is no room to write them, and those that restic has are good for a while
  }
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
const AT_RISK_SAID = 1_000;
