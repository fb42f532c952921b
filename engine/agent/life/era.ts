import { PROTOCOL, type RunOrder } from '../../domain/agent-protocol.ts';
import { reasonOf } from '../../domain/failures.ts';
import type { AgentAnswer, AgentStatus, Taken } from '../../domain/heartbeat.ts';
import type { Jobs } from '../jobs/open-jobs.ts';
import { showNotice } from '../notice.ts';
import type { Place } from '../place.ts';
import type { Self } from '../restore.ts';
import type { Signs } from '../signs/open-signs.ts';
import { type Backups, openBackups } from './backups.ts';
import { openDog } from './dog.ts';
import { openHeart } from './heart.ts';
import type { KeptLog } from './log.ts';
import { readMemory } from './memory.ts';
import { readOutbox, removeFromOutbox } from './outbox.ts';
import { beginStanding, heed } from './standing.ts';
import type { Inheritance } from './succession.ts';
import { openTickets } from './tickets.ts';
import { type Attached, voiceOverHttp } from './voice.ts';

/** The life of the agent for one claim: from its first order to the end, or to an order of another claim. */
export interface Era {
  readonly backups: Backups;
  isOf(order: RunOrder): boolean;
  /** The same claim, ordered anew. */
  reorder(order: RunOrder): void;
  nudge(): void;
  /** All that we were told, for the one that takes over. */
  will(): Inheritance;
  /** Rejects when it cannot go on. */
  live(signal: AbortSignal): Promise<void>;
}

export interface Within {
  readonly place: Place;
  readonly self: Self;
  readonly program: string | null;
  readonly startedAt: number;
  readonly notes: KeptLog;
  readonly attached: Attached;
  readonly signs: Signs;
  readonly jobs: Jobs;
  /** The engine was heard: there is something new to leave to the next one. */
  readonly onHeard: () => void;
  readonly onNewer: (newer: NonNullable<AgentAnswer['program']>) => void;
}

/** `heardAt`: of one that died, when the engine was last heard, so that its silence goes on to count. */
export function openEra(order: RunOrder, heardAt: number | null, within: Within): Era {
  const { place, self, notes, jobs } = within;
  const { log } = notes;
  const memory = readMemory(place, order.workspace);
  const standing = beginStanding(order, openTickets(memory.sequence));
  let outbox: readonly Taken[] = readOutbox(place);

  const onTaken = (taken: Taken): void => {
    outbox = [...outbox.filter((one) => one.snapshot !== taken.snapshot), taken];
  };

  /** A full disk, say, is no reason to stop backing up. */
  const attempt = (otherwise: string, act: () => void): void => {
    try {
      act();
    } catch (cause) {
      log(otherwise, { why: reasonOf(cause) }, 'WARNING');
    }
  };

  const hear = (answer: AgentAnswer): void => {
    heed(standing, answer);
    const settled = new Set(answer.settled);
    attempt('outbox.kept', () => {
      for (const snapshot of settled) removeFromOutbox(place, snapshot);
    });
    const refused = new Set(answer.refused);
    backups.settled(outbox.filter(({ snapshot }) => settled.has(snapshot) && !refused.has(snapshot)));
    if (outbox.some(({ snapshot }) => refused.has(snapshot))) backups.distrust();
    outbox = outbox.filter(({ snapshot }) => !settled.has(snapshot));
    backups.heed();
    dog.heard();
    attempt('jobs.unstarted', () => jobs.begin(answer.jobs));
    if (answer.linesHeard !== undefined) notes.said(answer.linesHeard);
    within.onHeard();
    const { notice, program } = answer;
    if (notice) attempt('notice.unshown', () => showNotice(place, notice));
    if (program && program.sha256 !== within.program) within.onNewer(program);
  };

  const status = (): AgentStatus => {
    const { machine, workspace, epoch } = standing.order;
    const said: AgentStatus = {
      protocol: PROTOCOL,
      machine,
      workspace,
      epoch,
      program: within.program,
      startedAt: within.startedAt,
      at: Date.now(),
      activity: within.signs.reading(),
      network: within.signs.traffic(),
      backup: backups.status(),
      taken: [...toldOf(outbox)],
      jobs: [...jobs.statuses()],
      atRisk: backups.atRisk(),
      tickets: standing.tickets.count(standing.clock.now()),
      credentialsUntil: backups.refused() ? null : (standing.repository?.credentials.expiresAt ?? null),
      ...(standing.answer.linesHeard !== undefined && { lines: [...notes.unsaid()] }),
    };
    dog.saw(said);
    return said;
  };

  const heart = openHeart({
    voice() {
      const { url, token } = standing.order.heartbeat;
      return url === null ? within.attached.voice : voiceOverHttp({ url, token });
    },
    everyMs: () => standing.answer.heartbeatMs,
    status,
    hear,
    log,
  });
  const backups = openBackups({ place, self, standing, memory, log, onTaken, nudge: heart.nudge });
  const dog = openDog({ place, self, standing, backups, log, onTaken, onEnding: heart.hush });

  return {
    backups,
    isOf: ({ workspace, epoch }) => standing.order.workspace === workspace && standing.order.epoch === epoch,
    reorder(again) {
      standing.order = again;
      backups.goOn();
      hear(again.answer);
      heart.nudge();
    },
    nudge: heart.nudge,
    will() {
      const { answer, repository, clock, tickets } = standing;
      const told = { now: clock.now(), repository, tickets: [...tickets.held()], settled: [], program: null };
      return { order: { ...standing.order, answer: { ...answer, ...told } }, heardAt: standing.heardAt };
    },
    async live(signal) {
      hear(order.answer);
      standing.heardAt = heardAt ?? standing.heardAt;
      await Promise.all([heart.beat(signal), backups.keep(signal), dog.watch(signal)]);
    },
  };
}

/** The oldest first, as many as the engine takes at once. */
function toldOf(outbox: readonly Taken[]): readonly Taken[] {
  let bytes = 0;
  return outbox.filter((taken) => {
    bytes += JSON.stringify(taken).length;
    return bytes < TAKEN_BYTES;
  });
}

const TAKEN_BYTES = 400_000;
