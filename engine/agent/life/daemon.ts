import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { type AgentOrder, PROTOCOL, type RunOrder } from '../../domain/agent-protocol.ts';
import { Failure, reasonOf } from '../../domain/failures.ts';
import type { AgentAnswer, AgentStatus, Taken } from '../../domain/heartbeat.ts';
import { readClaim } from '../claim.ts';
import { failed } from '../failed.ts';
import { openJobs } from '../jobs/open-jobs.ts';
import { showNotice } from '../notice.ts';
import type { Place } from '../place.ts';
import type { Self } from '../restore.ts';
import { type Backups, openBackups } from './backups.ts';
import { openDoor, type Wire } from './door.ts';
import { type Heart, openHeart } from './heart.ts';
import { AsideSaid, Knock } from './knocks.ts';
import { beginLiving, endLiving } from './living.ts';
import { openLog } from './log.ts';
import { readMemory } from './memory.ts';
import { readOutbox, removeFromOutbox } from './outbox.ts';
import { socketPath } from './socket-path.ts';
import { beginStanding, heed, type Standing } from './standing.ts';
import { openTickets } from './tickets.ts';
import { unmeasured } from './unmeasured.ts';
import { attachedVoice, voiceOverHttp } from './voice.ts';

/**
 * The agent that lives on the machine: it backs up, measures, and says so. It stays small: whatever walks or hashes is a
 * process of its own. It lives on when the connection that started it ends, and until somebody ends it.
 */
export async function live(place: Place, self: Self, signal: AbortSignal): Promise<void> {
  const log = openLog(place);
  const path = socketPath(place);
  const attached = attachedVoice(() => heart?.nudge());
  const startedAt = Date.now();
  const program = hashOf(self.program);
  const ended = new AbortController();
  const alive = AbortSignal.any([signal, ended.signal]);
  let standing: Standing | null = null;
  let heart: Heart | null = null;
  let backups: Backups | null = null;
  let outbox: readonly Taken[] = readOutbox(place);
  using jobs = openJobs(place, () => heart?.nudge());

  await using _door = await openDoor(path, (wire) => void receive(wire));
  if (!beginLiving(place, path)) return; // another one was quicker
  beHumble();
  log('agent.began', { pid: process.pid, program });
  const orphan = setTimeout(() => ended.abort(new Error('no order came')), ORDER_MS);
  try {
    await new Promise<void>((resolve) => alive.addEventListener('abort', () => resolve(), { once: true }));
  } finally {
    clearTimeout(orphan);
    endLiving(place);
    log('agent.ended', { why: String(alive.reason) });
  }

  async function receive(wire: Wire): Promise<void> {
    using _wire = wire;
    try {
      const line = await wire.next(AbortSignal.any([alive, AbortSignal.timeout(KNOCK_MS)]));
      if (line === null) return;
      const knock = Knock.parse(JSON.parse(line));
      if (knock.say === 'stand-aside') return await standAside(knock.sequence, wire);
      obey(knock.order);
      wire.say({ event: 'living', pid: process.pid, program, startedAt, already: knock.already });
      if (knock.attached) await attached.attach(wire);
    } catch (cause) {
      wire.say(failed('run', cause));
    }
  }

  function obey(order: AgentOrder): void {
    if (order.verb !== 'run') throw new Failure('bad_request', { why: `told to run, with an order to ${order.verb}` });
    const claim = readClaim(place);
    if (claim && claim.workspace !== order.workspace)
      throw new Failure('bad_request', { why: `this machine holds ${claim.workspace}, not ${order.workspace}` });
    clearTimeout(orphan);
    if (standing?.order.workspace === order.workspace && standing.order.epoch === order.epoch) {
      standing.order = order;
      hear(order.answer);
      heart?.nudge();
      return;
    }
    begin(order);
  }

  function begin(order: RunOrder): void {
    const memory = readMemory(place, order.workspace);
    const now = beginStanding(order, openTickets(memory.sequence));
    standing = now;
    heart = openHeart({
      voice: () => (now.order.heartbeat.url === null ? attached.voice : voiceOverHttp(withUrl(now.order.heartbeat))),
      everyMs: () => now.answer.heartbeatMs,
      status: () => statusOf(now),
      hear,
      log,
    });
    const beating = heart;
    backups = openBackups({
      place,
      self,
      standing: now,
      memory,
      log,
      onTaken(taken) {
        outbox = [...outbox.filter((one) => one.snapshot !== taken.snapshot), taken];
      },
      nudge: () => beating.nudge(),
    });
    hear(order.answer);
    const run = (work: Promise<void>): void => void work.catch((cause: unknown) => ended.abort(cause));
    run(heart.beat(alive));
    run(backups.keep(alive));
  }

  function hear(answer: AgentAnswer): void {
    if (!standing) return;
    heed(standing, answer);
    attempt('outbox.kept', () => {
      for (const snapshot of answer.settled) removeFromOutbox(place, snapshot);
    });
    outbox = outbox.filter(({ snapshot }) => !answer.settled.includes(snapshot));
    backups?.heed();
    attempt('jobs.unstarted', () => jobs.begin(answer.jobs));
    if (answer.notice) attempt('notice.unshown', () => answer.notice && showNotice(place, answer.notice));
  }

  /** A full disk, say, is no reason to stop backing up. */
  function attempt(otherwise: string, act: () => void): void {
    try {
      act();
    } catch (cause) {
      log(otherwise, { why: reasonOf(cause) });
    }
  }

  async function standAside(sequence: number, wire: Wire): Promise<void> {
    if (!backups) {
      wire.say({ event: 'aside' });
      await wire.next(AbortSignal.any([alive, wire.deaf, wire.hungUp])).catch(() => null);
      return;
    }
    const held = backups;
    const gone = AbortSignal.any([alive, wire.deaf, wire.hungUp]);
    using save = await held.standAside(sequence, wire.say, gone);
    wire.say({ event: 'aside' });
    for (let line = await wire.next(gone); line !== null; line = await wire.next(gone)) {
      const said = AsideSaid.parse(JSON.parse(line));
      if (said.say === 'saved') save.saved(said.snapshot);
      else held.stop();
    }
  }

  function statusOf({ order, repository, clock, tickets }: Standing): AgentStatus {
    return {
      protocol: PROTOCOL,
      machine: order.machine,
      workspace: order.workspace,
      epoch: order.epoch,
      program,
      startedAt,
      at: Date.now(),
      activity: unmeasured(),
      backup: backups!.status(),
      taken: [...toldOf(outbox)],
      jobs: [...jobs.statuses()],
      atRisk: backups!.atRisk(),
      tickets: tickets.count(clock.now()),
      credentialsUntil: repository?.credentials.expiresAt ?? null,
    };
  }
}

/** The oldest first, as many as the engine takes at once. */
function toldOf(outbox: readonly Taken[]): readonly Taken[] {
  let bytes = 0;
  return outbox.filter((taken) => {
    bytes += JSON.stringify(taken).length;
    return bytes < TAKEN_BYTES;
  });
}

function withUrl({ url, token }: RunOrder['heartbeat']): { url: string; token: string } {
  return { url: url ?? '', token };
}

/** People work here; whoever waits for us waits for minutes anyway. What we start inherits it. */
function beHumble(): void {
  setPriority(NICE);
  execFile('ionice', ['-c', '3', '-p', String(process.pid)], () => undefined); // not every image has it
}

/** The engine compares it with the one it would send. */
function hashOf(program: string): string | null {
  try {
    return createHash('sha256').update(readFileSync(program)).digest('hex');
  } catch {
    return null;
  }
}

const NICE = 10;
/** Whoever started it gives it an order at once. */
const ORDER_MS = 30_000;
const KNOCK_MS = 10_000;
const TAKEN_BYTES = 400_000;
