import { setTimeout as sleep } from 'node:timers/promises';
import type { ImageWritten } from '../../domain/agent-protocol.ts';
import { reasonOf } from '../../domain/failures.ts';
import type { AgentStatus, Taken, Ticket } from '../../domain/heartbeat.ts';
import { IMAGE_EVERY_MS } from '../../domain/image-head.ts';
import { readClaim } from '../claim.ts';
import type { Place } from '../place.ts';
import type { Self } from '../restore.ts';
import { type Aside, openAsides } from './asides.ts';
import { backupOrder } from './backup-order.ts';
import { openBell } from './bell.ts';
import { heldBy, holdsNothing } from './held-by.ts';
import type { Log } from './log.ts';
import { openLooks } from './looks.ts';
import type { Memory } from './memory.ts';
import { momentAt, upMs, wallOf } from './moment.ts';
import { everyMs, nextBackup, type Situation } from './next-backup.ts';
import { openNotebook } from './notebook.ts';
import type { Standing } from './standing.ts';
import { type BackupEnd, type Progress, type RunningBackup, startBackup } from './start-backup.ts';
import { openTrouble } from './trouble.ts';

export interface Backups {
  /** Looks, waits and backs up, for ever. */
  keep(signal: AbortSignal): Promise<void>;
  /** Something of what it depends on has changed. */
  heed(): void;
  /** The engine has these. */
  settled(taken: readonly Taken[]): void;
  /** One of ours is not in storage as it should be: the next one builds on nothing, and reads everything again. */
  distrust(): void;
  status(): AgentStatus['backup'];
  /** Storage does not take the credentials it has, whatever they say of their end. */
  readonly refused: () => boolean;
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
  const now = (): number => standing.clock.now();
  const silentMs = (): number => upMs() - standing.heardAt;
  const planned = (): number => everyMs({ planMs: standing.answer.plan?.everyMs ?? 0, silentMs: silentMs() });
  const trouble = openTrouble(() => standing.answer.plan?.everyMs ?? 0, log);
  const looks = openLooks(place, self, standing, bell.ring);
  const notebook = openNotebook(place, around.memory, standing.tickets, trouble.complain);
  const asides = openAsides({ tickets: standing.tickets, notebook, looks, onOver: bell.ring });
  let running: RunningBackup | null = null;
  /** The last one, as long as its process lives: when it is taken, it may go on with the image of it. */
  let last: RunningBackup | null = null;
  let imageAt: number | null = null;
  let stopped = false;
  let startedAt: number | null = null;
  let askedAt: number | null = null;
  let refused = false;
  let expiresAt = standing.repository?.credentials.expiresAt ?? 0;
  /** The newest snapshot had no ticket: one with a ticket is due, though nothing changed. */
  let unreported = false;

  const held = (): string | null => {
    if (stopped) return 'it was saved for the last time';
    return asides.any() ? 'a save' : heldBy(place, standing);
  };

  const isChanged = (): boolean => (looks.current()?.changedAt() ?? null) !== null;

  const situation = (): Situation => ({
    now: upMs(),
    planMs: standing.answer.plan?.everyMs ?? null,
    heldBy: held(),
    changed: isChanged() || (unreported && standing.tickets.count(now()) > 0),
    startedAt,
    retryAt: trouble.retryAt(),
    lookedAt: looks.lookedAt(),
    lookEveryMs: looks.lookEveryMs(planned()),
    tickets: standing.tickets.count(now()),
    askedAt,
    heartbeatMs: standing.answer.heartbeatMs,
    silentMs: silentMs(),
  });

  const look = async (signal: AbortSignal): Promise<void> => {
    try {
      await looks.look(signal);
      if (!isChanged()) trouble.over();
    } catch (cause) {
      signal.throwIfAborted();
      trouble.failed(reasonOf(cause));
    }
  };

  const backUp = async (signal: AbortSignal): Promise<void> => {
    await leaveImage(signal);
    const ticket = standing.tickets.take(now());
    const claim = readClaim(place);
    // One of a part would take the place of the whole one that a restore here, or the next machine, could wake from.
    const image = claim?.complete === true && imageIsDue();
    const order = backupOrder(standing, notebook.now(), claim?.snapshot ?? null, ticket, image);
    if (!order) return;
    // Before it begins: whoever lives after us must not let an order pass that is older than this backup.
    if (ticket) notebook.note({});
    startedAt = upMs();
    looks.lately()?.beginBackup();
    const one = startBackup(self, order, asides.hear, imaged, signal);
    running = one;
    last = one;
    void one.gone.then(() => {
      if (last === one) last = null;
    });
    const end = await one.end;
    running = null;
    if (end.event === 'taken') taken(end, ticket, startedAt);
    else failed(end);
    signal.throwIfAborted();
  };

  const imageIsDue = (): boolean =>
    standing.answer.plan?.image === true && (imageAt === null || upMs() - imageAt >= IMAGE_EVERY_MS);

  const imaged = ({ image, why }: ImageWritten): void => {
    imageAt = upMs();
    log('image.written', { ...image, why });
  };

  /** Its files are wanted for something else. What it has by then is in storage. */
  const leaveImage = async (signal: AbortSignal): Promise<void> => {
    last?.say({ say: 'enough' });
    if (last) await Promise.race([last.gone, sleep(LEAVE_MS, undefined, { signal, ref: false })]);
  };

  const turn = async (signal: AbortSignal): Promise<void> => {
    const next = nextBackup(situation());
    if (next.do === 'look') await look(signal);
    else if (next.do === 'back-up') await backUp(signal);
    else if (next.do === 'ask') {
      askedAt = upMs();
      around.nudge();
    } else await bell.wait(next.ms, signal);
  };

  const failed = ({ code, why }: Extract<BackupEnd, { event: 'failed' }>): void => {
    looks.lately()?.backupFailed();
    refused = code === 'storage_refused';
    trouble.failed(why);
    if (refused) around.nudge();
  };

  const taken = (end: Extract<BackupEnd, { event: 'taken' }>, ticket: Ticket | null, began: number): void => {
    const { taken: one, badLines } = end;
    const { base } = notebook.now();
    const lastMs = upMs() - began;
    looks.lately()?.backedUp();
    looks.looked();
    trouble.over();
    refused = false;
    unreported = ticket === null;
    notebook.note({
      ...(!one.partial && { durableAt: momentAt(began) }),
      parent: one.snapshot,
      lastMs,
      atRisk: { files: one.atRisk.length, bytes: one.atRisk.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) },
      badLines,
      base: one.manifestBase && base ? { ...base, changes: base.changes + 1 } : base,
    });
    log('backup.taken', { snapshot: one.snapshot, ms: lastMs, files: one.files, partial: one.partial });
    if (ticket) around.onTaken(one);
    around.nudge();
  };

  return {
    async keep(signal) {
      using _looks = looks;
      for (;;) {
        try {
          await turn(signal);
        } catch (cause) {
          signal.throwIfAborted();
          trouble.failed(reasonOf(cause)); // whatever it is may pass
          await sleep(AGAIN_MS, undefined, { signal });
        }
      }
    },
    heed() {
      const { repository } = standing;
      if (repository && repository.credentials.expiresAt !== expiresAt) {
        expiresAt = repository.credentials.expiresAt;
        last?.say({ say: 'credentials', credentials: repository.credentials });
        if (refused && trouble.failures() === 1) trouble.tryNow(); // others that are refused as well can wait
        refused = false;
      }
      bell.ring();
    },
    settled(these) {
      const whole = these.findLast(({ manifestBase }) => manifestBase === null);
      if (whole) notebook.note({ base: { snapshot: whole.snapshot, changes: 0 } });
    },
    distrust() {
      log('backup.refused', { parent: notebook.now().parent }, 'WARNING');
      notebook.note({ base: null, parent: null, durableAt: null });
      unreported = true;
      bell.ring();
    },
    status() {
      const { plan } = standing.answer;
      const { durableAt, lastMs, badLines } = notebook.now();
      const changedAt = looks.lately()?.changedAt() ?? null;
      const failedAt = trouble.failedAt();
      const wanted = plan !== null && !stopped;
      const nothing = wanted ? holdsNothing(place, standing) : null;
      return {
        state: !wanted || nothing ? 'off' : running ? 'running' : trouble.failures() > 0 ? 'failing' : 'waiting',
        everyMs: Math.max(planned(), lastMs ?? 0),
        durableAt: durableAt && wallOf(durableAt),
        changedAt: changedAt === null ? null : wallOf(momentAt(changedAt)),
        filesPending: looks.lately()?.filesPending() ?? 0,
        lastMs,
        failures: trouble.failures(),
        failedWhy: wanted ? (nothing ?? trouble.why()) : null,
        failedAt: failedAt === null ? null : wallOf(momentAt(failedAt)),
        watching: looks.lately()?.by ?? 'walks',
        badLines,
      };
    },
    refused: () => refused,
    atRisk: () => notebook.now().atRisk,
    pids: () => (last?.pid === undefined ? [] : [last.pid]),
    async standAside(sequence, onProgress, signal) {
      const aside = await asides.stand(sequence, running, onProgress, signal);
      await leaveImage(signal).catch((cause: unknown) => {
        aside[Symbol.dispose]();
        throw cause;
      });
      return aside;
    },
    complain: trouble.complain,
    stop() {
      stopped = true;
    },
    stopped: () => stopped,
    goOn() {
      stopped = false;
    },
  };
}

/** After something that should not have happened. */
const AGAIN_MS = 5_000;
/** For its list of what is there. Nobody waits longer: the next image is written over it. */
const LEAVE_MS = 5_000;
