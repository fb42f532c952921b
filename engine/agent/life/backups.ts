import { reasonOf } from '../../domain/failures.ts';
import type { AgentStatus, Taken, Ticket } from '../../domain/heartbeat.ts';
import { lookWith } from '../change/look-with.ts';
import { type Changes, LOOK_EVERY_MS, type Wanted, watchChanges } from '../change/watch-changes.ts';
import { readClaim } from '../claim.ts';
import { lockHolder } from '../lock.ts';
import type { Place } from '../place.ts';
import { isAlive } from '../process-table.ts';
import type { Self } from '../restore.ts';
import { BackupSaid } from './backup-talk.ts';
import { openBell } from './bell.ts';
import { type Child, startChild } from './child.ts';
import type { Log } from './log.ts';
import { type Memory, writeMemory } from './memory.ts';
import { momentAt, upMs, wallOf } from './moment.ts';
import { everyMs, nextBackup, retryMs, type Situation } from './next-backup.ts';
import type { Standing } from './standing.ts';

export type Progress = Extract<BackupSaid, { event: 'progress' }>;

export interface Backups {
  /** Looks, waits and backs up, for ever. */
  keep(signal: AbortSignal): Promise<void>;
  /** Something of what it depends on has changed. */
  heed(): void;
  /** The engine has these. */
  settled(taken: readonly Taken[]): void;
  status(): AgentStatus['backup'];
  atRisk(): AgentStatus['atRisk'];
  /** Of the backup that runs: its cost is not somebody's work. */
  pids(): readonly number[];
  /** Until it is let go no backup starts; the one that runs ends first. */
  standAside(sequence: number, onProgress: (said: Progress) => void, signal: AbortSignal): Promise<Aside>;
  /** Something is wrong that does not stop the backups. */
  complain(why: string): void;
  /** A last save has everything, and nothing moves any more. */
  stop(): void;
  readonly stopped: () => boolean;
  /** The machine is to be worked on after all. */
  goOn(): void;
}

/** Another one saves; letting go of it is the end of that. */
export interface Aside extends Disposable {
  readonly known: { readonly durableAgoMs: number | null; readonly changed: boolean; readonly parent: string | null };
  took(snapshot: string): void;
}

export interface Surroundings {
  readonly place: Place;
  readonly self: Self;
  readonly standing: Standing;
  readonly memory: Memory;
  readonly log: Log;
  readonly onTaken: (taken: Taken) => void;
  readonly nudge: () => void;
}

export function openBackups(around: Surroundings): Backups {
  const { place, self, standing, log } = around;
  const bell = openBell();
  let memory = around.memory;
  let changes: { readonly of: string; readonly seen: Changes } | null = null;
  let running: { readonly child: Child; readonly over: Promise<void> } | null = null;
  let listener: ((said: Progress) => void) | null = null;
  let aside = 0;
  let stopped = false;
  let startedAt: number | null = null;
  let retryAt: number | null = null;
  let lookedAt: number | null = null;
  let lookMs = 0;
  let askedAt: number | null = null;
  let failures = 0;
  let failedWhy: string | null = null;
  let refused = false;
  let expiresAt = standing.repository?.credentials.expiresAt ?? 0;
  /** The newest snapshot had no ticket: one with a ticket is due, though nothing changed. */
  let unreported = false;

  const remember = (what: Partial<Memory>): void => {
    memory = { ...memory, ...what, sequence: standing.tickets.last() };
    try {
      writeMemory(place, memory);
    } catch (cause) {
      failedWhy ??= `its notes cannot be written: ${reasonOf(cause)}`;
    }
  };

  const failed = (why: string): void => {
    failures += 1;
    failedWhy = why;
    const planMs = standing.answer.plan?.everyMs ?? 0;
    retryAt = upMs() + retryMs(failures, planMs);
    log('backup.failed', { why, failures });
  };

  const heldBy = (): string | null => {
    if (stopped) return 'it was saved for the last time';
    if (aside > 0) return 'a save';
    const left = (standing.repository?.credentials.expiresAt ?? 0) - standing.clock.now();
    if (left < CREDENTIALS_SPARE_MS) return 'its credentials ended';
    const holder = lockHolder(place);
    if (holder && isAlive(holder)) return holder.what;
    return readClaim(place)?.workspace === standing.order.workspace ? null : 'it holds no work';
  };

  const wanted = (): Wanted => {
    const { include = [], exclude = [], fileBytesMax = 0 } = standing.answer.plan ?? {};
    return { include, exclude, fileBytesMax };
  };
  /** Null when it is not known what changed: nobody looked yet, or the rules are others now. */
  const current = (): Changes | null => (changes?.of === JSON.stringify(wanted()) ? changes.seen : null);

  const situation = (): Situation => ({
    now: upMs(),
    planMs: standing.answer.plan?.everyMs ?? null,
    heldBy: heldBy(),
    changed: (current()?.changedAt() ?? null) !== null || (unreported && standing.tickets.count(now()) > 0),
    startedAt,
    retryAt,
    lookedAt: current() ? lookedAt : null,
    lookEveryMs: changes?.seen.by === 'inotify' ? LOOK_EVERY_MS : Math.max(planned(), lookMs * LOOK_SHARE),
    tickets: standing.tickets.count(now()),
    askedAt,
    heartbeatMs: standing.answer.heartbeatMs,
    silentMs: upMs() - standing.heardAt,
  });
  const now = (): number => standing.clock.now();
  const planned = (): number =>
    everyMs({ planMs: standing.answer.plan?.everyMs ?? 0, silentMs: upMs() - standing.heardAt });

  const look = async (signal: AbortSignal): Promise<void> => {
    const began = upMs();
    try {
      const known = current();
      if (known) await known.look(signal);
      else await watchAnew(signal);
      if ((current()?.changedAt() ?? null) === null) {
        failures = 0;
        failedWhy = null;
      }
    } catch (cause) {
      signal.throwIfAborted();
      failed(reasonOf(cause));
    }
    lookedAt = upMs();
    lookMs = lookedAt - began;
  };

  const watchAnew = async (signal: AbortSignal): Promise<void> => {
    changes?.seen[Symbol.dispose]();
    changes = null;
    const of = wanted();
    const seen = await watchChanges(place, of, { startLook: lookWith(self, of), now: upMs }, signal);
    seen.onChange(bell.ring);
    changes = { of: JSON.stringify(of), seen };
  };

  const backUp = async (signal: AbortSignal): Promise<void> => {
    const plan = standing.answer.plan;
    const { repository, order } = standing;
    if (!plan || !repository) return;
    const ticket = standing.tickets.take(now());
    const began = upMs();
    startedAt = began;
    changes?.seen.beginBackup();
    let end: BackupSaid | null = null;
    const said = (line: string): void => {
      const heard = BackupSaid.parse(JSON.parse(line));
      if (heard.event === 'progress') listener?.(heard);
      else end = heard;
    };
    const child = startChild(self, 'back-up', backupOrder(plan, repository, order, ticket), said, signal);
    const over = child.ended.then(
      () => undefined,
      (cause: unknown) => {
        end ??= { event: 'failed', code: 'backup_failed', why: reasonOf(cause) };
      },
    );
    running = { child, over };
    await over;
    running = null;
    concluded(end ?? { event: 'failed', code: 'backup_failed', why: 'it ended without a word' }, ticket, began);
    signal.throwIfAborted();
  };

  const backupOrder = (
    plan: NonNullable<Standing['answer']['plan']>,
    repository: NonNullable<Standing['repository']>,
    { workspace, machine, epoch }: Standing['order'],
    ticket: Ticket | null,
  ) => ({
    workspace,
    machine,
    epoch,
    repository,
    parent: memory.parent ?? readClaim(place)?.snapshot ?? null,
    base: memory.base && memory.base.changes < CHANGES_MAX ? memory.base.snapshot : null,
    time: now(),
    ...plan,
    ticket,
  });

  const concluded = (said: BackupSaid, ticket: Ticket | null, began: number): void => {
    if (said.event !== 'taken') {
      changes?.seen.backupFailed();
      refused = said.event === 'failed' && said.code === 'storage_refused';
      failed(said.event === 'failed' ? said.why : 'it ended without a word');
      if (refused) around.nudge();
      return;
    }
    const { taken } = said;
    changes?.seen.backedUp();
    failures = 0;
    failedWhy = null;
    refused = false;
    retryAt = null;
    lookedAt = upMs();
    unreported = ticket === null;
    const risk = { files: taken.atRisk.length, bytes: taken.atRisk.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) };
    remember({
      durableAt: momentAt(began),
      parent: taken.snapshot,
      lastMs: lookedAt - began,
      atRisk: risk,
      base: taken.manifestBase && memory.base ? { ...memory.base, changes: memory.base.changes + 1 } : memory.base,
    });
    log('backup.taken', { snapshot: taken.snapshot, ms: lookedAt - began, files: taken.files, partial: taken.partial });
    if (ticket) around.onTaken(taken);
    around.nudge();
  };

  return {
    async keep(signal) {
      try {
        for (;;) {
          const next = nextBackup(situation());
          if (next.do === 'look') await look(signal);
          else if (next.do === 'back-up') await backUp(signal);
          else if (next.do === 'ask') {
            askedAt = upMs();
            around.nudge();
          } else await bell.wait(next.ms, signal);
        }
      } finally {
        changes?.seen[Symbol.dispose]();
      }
    },
    heed() {
      const { repository } = standing;
      if (repository && repository.credentials.expiresAt !== expiresAt) {
        expiresAt = repository.credentials.expiresAt;
        running?.child.say({ say: 'credentials', credentials: repository.credentials });
        if (refused) retryAt = null;
      }
      bell.ring();
    },
    settled(taken) {
      const whole = taken.findLast(({ manifestBase }) => manifestBase === null);
      if (whole) remember({ base: { snapshot: whole.snapshot, changes: 0 } });
    },
    status() {
      const { plan } = standing.answer;
      const changedAt = changes?.seen.changedAt() ?? null;
      return {
        state: !plan || stopped ? 'off' : running ? 'running' : failures > 0 ? 'failing' : 'waiting',
        everyMs: Math.max(planned(), memory.lastMs ?? 0),
        durableAt: memory.durableAt && wallOf(memory.durableAt),
        changedAt: changedAt === null ? null : wallOf(momentAt(changedAt)),
        filesPending: changes?.seen.filesPending() ?? 0,
        lastMs: memory.lastMs,
        failures,
        failedWhy,
        watching: changes?.seen.by ?? 'walks',
      };
    },
    atRisk: () => memory.atRisk,
    pids: () => (running?.child.pid === undefined ? [] : [running.child.pid]),
    async standAside(sequence, onProgress, signal) {
      aside += 1;
      try {
        standing.tickets.passed(sequence);
        remember({});
        listener = onProgress;
        await Promise.race([running?.over, aborted(signal)]);
      } catch (cause) {
        aside -= 1;
        throw cause;
      } finally {
        listener = null;
      }
      const { durableAt, parent } = memory;
      const unchanged = changes?.seen.by === 'inotify' && current()?.changedAt() === null;
      return {
        known: {
          durableAgoMs: durableAt && Math.max(Date.now() - wallOf(durableAt), 0),
          changed: !unchanged,
          parent,
        },
        // Whether it is believed we do not hear, so what changed goes on to count.
        took: (snapshot) => remember({ parent: snapshot }),
        [Symbol.dispose]() {
          aside -= 1;
          bell.ring();
        },
      };
    },
    complain(why) {
      failedWhy = why;
    },
    stop() {
      stopped = true;
    },
    stopped: () => stopped,
    goOn() {
      stopped = false;
    },
  };
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));
}

/** Then a whole one is made again, so that an old one is not needed for ever. */
const CHANGES_MAX = 30;
/** A look costs no more than this part of the time. */
const LOOK_SHARE = 20;
/** With less than this left a backup is not begun. */
const CREDENTIALS_SPARE_MS = 60_000;
