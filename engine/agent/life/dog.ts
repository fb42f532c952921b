import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { isAfterWakeJob } from '../../domain/after-wake.ts';
import { Failure, reasonOf } from '../../domain/failures.ts';
import { type AgentStatus, Taken } from '../../domain/heartbeat.ts';
import { DEFAULTS } from '../../domain/settings.ts';
import type { IdleRules } from '../../domain/workspace.ts';
import { observe, type Seen } from '../../policy/activity.ts';
import { hibernation } from '../../policy/hibernation.ts';
import { readClaim } from '../claim.ts';
import { lockHolder } from '../lock.ts';
import type { Place } from '../place.ts';
import { isAlive } from '../process-table.ts';
import type { Self } from '../restore.ts';
import type { Talk } from '../talk.ts';
import { LastStandOrder, lastStand } from '../watchdog/last-stand.ts';
import { takeBack } from '../watchdog/last-word.ts';
import { openWatchdog, type WatchdogSenses } from '../watchdog/watchdog.ts';
import type { Backups } from './backups.ts';
import { startChild } from './child.ts';
import type { Log } from './log.ts';
import { upMs } from './moment.ts';
import { addToOutbox } from './outbox.ts';
import type { Standing } from './standing.ts';

/** The watchdog, with the senses of the agent that lives on the machine. */
export interface Dog {
  watch(signal: AbortSignal): Promise<void>;
  /** The engine spoke. */
  heard(): void;
  /** How the machine was just now. */
  saw(status: AgentStatus): void;
}

interface Around {
  readonly place: Place;
  readonly self: Self;
  readonly standing: Standing;
  readonly backups: Backups;
  readonly log: Log;
  readonly onTaken: (taken: Taken) => void;
  /** The machine's end was granted, or it did not come after all. */
  readonly onEnding: (ending: boolean) => void;
}

export function openDog({ place, self, standing, backups, log, onTaken, onEnding }: Around): Dog {
  const usableAt = Date.now();
  let seen: Seen | null = null;
  let last: AgentStatus | null = null;

  /** The workspace's own. Whether it may fall asleep by itself at all, the engine says by how it may end. */
  const rules = (): IdleRules => ({ ...(standing.answer.idle ?? DEFAULTS.idle), hibernate: true });

  /** The same question that the engine asks, to the same rules. */
  const atWork = (): string | null => {
    const job = last?.jobs.find(({ id, state }) => state === 'running' && !isAfterWakeJob(id));
    if (job) return `${job.id} runs`;
    const { silentMs } = DEFAULTS.agent;
    const sight = { seen, usableAt, rules: rules(), keep: null, jobs: [], complete: true, silentMs };
    const { sleep: idle, why } = hibernation({ ...sight, heardAt: last?.at ?? null, now: Date.now() });
    return idle ? null : why;
  };

  const busy = (): string | null => {
    const holder = lockHolder(place);
    return holder && holder.pid !== backups.pids()[0] && isAlive(holder) ? holder.what : null;
  };

  const stand: WatchdogSenses['stand'] = async (orders, granted, signal) => {
    const { repository, order, answer, clock } = standing;
    if (!repository || !answer.plan) throw new Failure('backup_failed', { why: 'it was told nothing to save with' });
    using save = await backups.standAside(orders.ticket.sequence, () => undefined, signal);
    const { workspace, machine, epoch } = order;
    const { include, exclude, fileBytesMax } = answer.plan;
    const parent = save.known.parent ?? readClaim(place)?.snapshot ?? null;
    const wish = { workspace, machine, epoch, repository, include, exclude, fileBytesMax, parent };
    let taken: Taken | null = null;
    let why = 'it ended without a word';
    const hear = (line: string): void => {
      const said = StandSaid.parse(JSON.parse(line));
      if (said.event === 'ending') {
        granted();
        onEnding(true);
      } else if (said.event === 'taken') taken = said.taken;
      else why = said.why;
    };
    const standOrder: LastStandOrder = { ...wish, time: clock.now(), orders };
    await startChild(self, 'last-stand', standOrder, hear, signal).ended.catch((cause: unknown) => {
      why = reasonOf(cause);
    });
    onEnding(false);
    signal.throwIfAborted();
    if (!taken) throw new Failure('backup_failed', { why });
    save.took((taken as Taken).snapshot);
    return taken;
  };

  const watchdog = openWatchdog({
    silentMs: () => upMs() - standing.heardAt,
    orders: () => standing.answer.watchdog,
    atWork,
    busy,
    stand,
    takeBack: (orders, signal) => takeBack(place, orders.proofUrl, signal),
    onSaved(taken) {
      onTaken(taken);
      try {
        addToOutbox(place, taken);
      } catch (cause) {
        log('outbox.full', { why: reasonOf(cause) }, 'WARNING');
      }
    },
    log,
  });

  return {
    async watch(signal) {
      using _watchdog = watchdog;
      for (;;) {
        await sleep(LOOK_MS, undefined, { signal });
        await watchdog.look(upMs()).catch((cause: unknown) => {
          signal.throwIfAborted();
          log('watchdog.failed', { why: reasonOf(cause) }, 'WARNING');
        });
      }
    },
    heard: () =>
      void watchdog.heard().catch((cause: unknown) => log('watchdog.failed', { why: reasonOf(cause) }, 'WARNING')),
    saw(status) {
      last = status;
      seen = observe(seen, status, rules(), status.at);
    },
  };
}

/** The last stand, in a process of its own. From when the end is granted nothing stops it, our own end included. */
export async function lastStandChild(place: Place, talk: Talk<object>, signal: AbortSignal): Promise<void> {
  const order = LastStandOrder.parse(JSON.parse((await talk.next(signal)) ?? 'null'));
  const alive = AbortSignal.any([signal, talk.hungUp, talk.deaf]);
  const taken = await lastStand(order, place, () => talk.say({ event: 'ending' }), alive);
  talk.say({ event: 'taken', taken });
}

const StandSaid = z.discriminatedUnion('event', [
  z.object({ event: z.literal('ending') }),
  z.object({ event: z.literal('taken'), taken: Taken }),
  z.object({ event: z.literal('failed'), why: z.string() }),
]);

const LOOK_MS = 5_000;
