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
import { openSigns } from '../signs/open-signs.ts';
import type { Talk } from '../talk.ts';
import { type Backups, openBackups, type Progress } from './backups.ts';
import { openDoor, type Wire } from './door.ts';
import { type Heart, openHeart } from './heart.ts';
import { type Installed, installProgram } from './install-program.ts';
import { type AsideSaid, AsideSays, Knock } from './knocks.ts';
import { beginLiving, endLiving, living } from './living.ts';
import { openLog } from './log.ts';
import { readMemory } from './memory.ts';
import { readOutbox, removeFromOutbox } from './outbox.ts';
import { socketPath } from './socket-path.ts';
import { beginStanding, heed, type Standing } from './standing.ts';
import { handOver, inherit, sayThatWeLive } from './succession.ts';
import { openTickets } from './tickets.ts';
import { attachedVoice, voiceOverHttp } from './voice.ts';

/**
 * The agent that lives on the machine: it backs up, measures, and says so. It stays small: whatever walks or hashes is a
 * process of its own. It lives on when the connection that started it ends, and until somebody ends it.
 */
export async function live(place: Place, self: Self, talk: Talk<object>, signal: AbortSignal): Promise<void> {
  const will = await inherit(talk, AbortSignal.any([signal, AbortSignal.timeout(KNOCK_MS)]));
  const log = openLog(place);
  const path = socketPath(place);
  const attached = attachedVoice(() => heart?.nudge());
  const startedAt = Date.now();
  const program = hashOf(self.program);
  const ended = new AbortController();
  const alive = AbortSignal.any([signal, ended.signal]);
  let standing: Standing | null = null;
  let ordered = false;
  /** A newer program takes over: what is heard meanwhile is for that one. */
  let giving = false;
  let kept = false;
  /** It did not come up, and is not tried again. */
  let unfit: string | null = null;
  let heart: Heart | null = null;
  let backups: Backups | null = null;
  let outbox: readonly Taken[] = readOutbox(place);
  using signs = openSigns(place, () => backups?.pids() ?? []);
  using jobs = openJobs(place, () => heart?.nudge());

  await using _door = await openDoor(path, (wire) => void receive(wire));
  if (!beginLiving(place, path)) return; // another one was quicker
  beHumble();
  log('agent.began', { pid: process.pid, program });
  if (will) {
    begin(will);
    sayThatWeLive(talk);
  }
  const orphan = will ? undefined : setTimeout(() => !ordered && ended.abort(new Error('no order came')), ORDER_MS);
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
      if (giving) return; // whoever takes over hears it
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
    ordered = true;
    if (standing?.order.workspace === order.workspace && standing.order.epoch === order.epoch) {
      standing.order = order;
      hear(order.answer);
      heart?.nudge();
    } else begin(order);
    // Somebody put another program in our place: what we start would not understand us.
    const onDisk = hashOf(self.program);
    if (onDisk !== program) succeed(onDisk, async () => ({ keep: () => undefined, undo: () => undefined }));
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
    if (!standing || giving) return;
    heed(standing, answer);
    attempt('outbox.kept', () => {
      for (const snapshot of answer.settled) removeFromOutbox(place, snapshot);
    });
    backups?.settled(outbox.filter(({ snapshot }) => answer.settled.includes(snapshot)));
    outbox = outbox.filter(({ snapshot }) => !answer.settled.includes(snapshot));
    backups?.heed();
    attempt('jobs.unstarted', () => jobs.begin(answer.jobs));
    const newer = answer.program;
    if (newer && newer.sha256 !== program) succeed(newer.sha256, () => installProgram(self.program, newer, alive));
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

  /** Once for each program: one that does not come up is not tried again, and that is said. */
  function succeed(sha256: string | null, install: () => Promise<Installed>): void {
    if (giving || sha256 === unfit || kept) return;
    giving = true;
    become(install)
      .catch((cause: unknown) => {
        unfit = sha256;
        backups?.complain(`it cannot be replaced: ${reasonOf(cause)}`);
        log('program.refused', { sha256, why: reasonOf(cause) });
      })
      .finally(() => {
        giving = false;
      });
  }

  /** Between two backups, and all that we know goes with us. */
  async function become(install: () => Promise<Installed>): Promise<void> {
    if (!standing || !backups) return;
    using _save = await backups.standAside(0, () => undefined, alive);
    const installed = await install();
    try {
      await handOver(place, self, willOf(standing), () => endLiving(place), alive);
      installed.keep();
    } catch (cause) {
      installed.undo();
      // Whoever was quicker than us lives, with an order of its own.
      if (living(place)?.pid !== process.pid && !beginLiving(place, path)) ended.abort(new Error('another one lives'));
      throw cause;
    }
    ended.abort(new Error('a newer program took over'));
  }

  async function standAside(sequence: number, wire: Wire): Promise<void> {
    const gone = AbortSignal.any([alive, wire.deaf, wire.hungUp]);
    const say = (said: AsideSaid): void => wire.say(said);
    say({ say: 'busy' });
    const held = backups;
    if (!held) return say({ say: 'aside', durableAgoMs: null, changed: true, parent: null });
    const progress = ({ event, ...progress }: Progress): void => say({ say: 'progress', progress });
    using save = await held.standAside(sequence, progress, gone);
    say({ say: 'aside', ...save.known });
    for (let line = await wire.next(gone); line !== null; line = await wire.next(gone)) {
      const said = AsideSays.parse(JSON.parse(line));
      if (said.say === 'took') save.took(said.snapshot);
      else {
        kept = true;
        held.stop();
      }
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
      activity: signs.reading(),
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

function willOf({ order, answer, repository, clock, tickets }: Standing): RunOrder {
  const now = clock.now();
  return { ...order, answer: { ...answer, now, repository, tickets: [...tickets.held()], settled: [], program: null } };
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
