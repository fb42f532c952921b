import type { Guild, Panel } from '../../engine/domain/discord.ts';
import type { Engine } from '../../engine/domain/doors.ts';
import { isFailure } from '../../engine/domain/failures.ts';
import type { Clock, Log, Store } from '../../engine/domain/ports.ts';
import { UNREAD_MS } from '../../engine/domain/report.ts';
import type { Message } from '../discord/message.ts';
import type { Discord } from '../discord/rest.ts';
import type { Settled } from '../settled.ts';
import { type Words, wordsIn } from '../words/words.ts';
import { drawAlert } from './alert.ts';
import { drawAudit } from './audit.ts';
import { isPast, isShutOut, type Opening, TOLD } from './openings.ts';
import { drawOperation } from './operation.ts';
import { RENEW_MS } from './pace.ts';
import { drawReport } from './report.ts';
import { drawStatus } from './status.ts';
import type { Stories } from './stories.ts';
import { drawWarning } from './warning.ts';
import { createWriter } from './writer.ts';

/** Every message that is kept true by editing it. */
export interface Panels extends AsyncDisposable {
  /** Opens it, once, and returns it as it stands when Discord has it, or after a short wait. */
  open(panel: Opening): Promise<Panel>;
  /** Opens it, once, and returns when its row stands; it is posted when its turn comes, if it is not yet: `message`. */
  put(panel: Opening, message?: string): Promise<Panel>;
  /** Whatever shows this workspace is drawn anew. */
  touch(workspace: string): void;
  touchOne(id: string): Promise<void>;
  /** It is drawn once more, also when it was over; one that is too old to be edited stays as it is. */
  anew(id: string): Promise<void>;
  /** Null: it is not there any more. Whoever writes at the same time does not win over it. */
  change(id: string, to: Partial<Panel>): Promise<Panel | null>;
  find(id: string): Promise<Panel | null>;
  remove(id: string): Promise<void>;
  openOnes(): Promise<readonly Panel[]>;
  /** Takes up what was open when the process ended. */
  resume(): Promise<void>;
  /** We may write in this server again, or elsewhere: what was shut is taken up where it belongs now. */
  letIn(guild: string): Promise<void>;
  readonly waiting: number;
}

export interface Drawn {
  readonly message: Message;
  /** It will not change again. */
  readonly last: boolean;
}

export interface Sheet {
  readonly engine: Engine;
  /** As that account may see it; null when there is no such account any more. */
  readonly engineOf: (account: string) => Promise<Engine | null>;
  readonly stories: Stories;
  readonly words: Words;
  readonly guild: Guild;
  readonly now: number;
}

const POSTED_WITHIN_MS = 10_000;
const KEPT_MS = 7 * 24 * 3_600_000;
const isUnread = (panel: Panel): boolean => panel.kind === 'report' && isShutOut(panel) && panel.message === null;

export function createPanels(
  ports: {
    readonly store: Store;
    readonly clock: Clock;
    readonly log: Log;
    readonly engine: Engine;
    readonly engineOf: Sheet['engineOf'];
  },
  discord: Discord,
  settled: Settled,
  stories: Stories,
): Panels {
  const { store, clock, log, engine, engineOf } = ports;
  /** By workspace: what has to be drawn when something happens there. */
  const live = new Map<string, Panel>();

  async function draw(panel: Panel): Promise<Drawn | null> {
    const guild = await settled.of(panel.guild);
    const sheet: Sheet = { engine, engineOf, stories, words: wordsIn(guild.language), guild, now: clock.now() };
    switch (panel.kind) {
      case 'operation':
        return await drawOperation(panel, sheet);
      case 'status':
        return await drawStatus(panel, sheet);
      case 'warning':
        return drawWarning(panel, sheet);
      case 'alert':
        return drawAlert(panel, sheet);
      case 'report':
        return await drawReport(panel, sheet);
      case 'audit':
        return await drawAudit(panel, sheet);
    }
  }

  async function change(id: string, to: Partial<Panel>): Promise<Panel | null> {
    for (;;) {
      const before = await store.read('panels', id);
      if (!before) return null;
      try {
        const after = await store.save('panels', { ...before, ...to });
        if (after.closedAt === null) live.set(id, after);
        else live.delete(id);
        return after;
      } catch (cause) {
        if (!isFailure(cause, 'row_changed')) throw cause;
      }
    }
  }

  const writer = createWriter(
    discord,
    {
      read: async (id) => await store.read('panels', id),
      change,
      draw,
      async posted(panel) {
        const { trouble, channel } = await settled.of(panel.guild);
        if (trouble !== null && channel === panel.channel) await letIn(panel.guild);
      },
      async shut(panel, why) {
        const place = (await settled.of(panel.guild)).channel;
        if (panel.kind === 'report' && place !== null && place !== panel.channel) {
          // It is not lost with its channel: it stands where the server hears of trouble, and says so.
          const moved = await change(panel.id, { channel: place, facts: { ...panel.facts, shutIn: panel.channel } });
          if (moved) writer.touch(moved);
          return;
        }
        await change(panel.id, { closedAt: clock.now(), facts: { ...panel.facts, shut: true } });
        const { channel } = await settled.of(panel.guild);
        const nowhere = panel.kind === 'report' && channel === null;
        if (channel === panel.channel || nowhere) await settled.change(panel.guild, { trouble: why });
      },
    },
    clock,
    log,
  );

  async function put(opening: Opening, message: string | null = null): Promise<Panel> {
    const { trouble, channel } = await settled.of(opening.guild);
    const isOut = TOLD.has(opening.kind) && trouble !== null && channel === opening.channel;
    const row: Panel = {
      ...opening,
      ...(isOut && { facts: { ...opening.facts, shut: true } }),
      version: 0,
      message,
      openedAt: clock.now(),
      postedAt: message === null ? null : clock.now(),
      closedAt: isOut ? clock.now() : null,
    };
    const known = await store.read('panels', row.id);
    const kept =
      known ??
      (await store.save('panels', row).catch(async (cause: unknown) => {
        const first = await store.read('panels', row.id);
        if (isFailure(cause, 'row_changed') && first) return first;
        throw cause;
      }));
    if (kept.closedAt !== null || kept.message !== null) return kept;
    live.set(kept.id, kept);
    writer.touch(kept);
    return kept;
  }

  async function letIn(id: string): Promise<void> {
    const guild = await settled.change(id, { trouble: null });
    for (const panel of await store.list('panels')) {
      if (panel.guild !== id || !isShutOut(panel)) continue;
      if (panel.message === null && isPast(panel)) continue; // nobody saw it begin
      const { shut: _, ...facts } = panel.facts;
      const place = panel.kind === 'audit' ? guild.audit : guild.channel;
      const channel = panel.kind === 'status' ? panel.channel : (place ?? panel.channel);
      const message = channel === panel.channel ? panel.message : null;
      const after = await change(panel.id, { facts, channel, message, closedAt: null });
      if (after) writer.touch(after);
    }
  }

  return {
    put,
    letIn,
    change,
    async open(opening) {
      const kept = await put(opening);
      if (kept.closedAt !== null || kept.message !== null) return kept;
      await writer.written(kept.id, POSTED_WITHIN_MS);
      return (await store.read('panels', kept.id)) ?? kept;
    },
    touch(workspace) {
      for (const panel of live.values())
        if (panel.workspace === workspace || panel.kind === 'status') writer.touch(panel);
    },
    async touchOne(id) {
      const panel = await store.read('panels', id);
      if (!panel || panel.closedAt !== null) return;
      live.set(id, panel);
      writer.touch(panel);
    },
    async anew(id) {
      const panel = await store.read('panels', id);
      const postedAt = panel?.postedAt ?? Number.NEGATIVE_INFINITY;
      if (!panel || isShutOut(panel) || clock.now() - postedAt > RENEW_MS[panel.kind]) return;
      const open = panel.closedAt === null ? panel : await change(id, { closedAt: null });
      if (open) writer.touch(open);
    },
    find: async (id) => await store.read('panels', id),
    async remove(id) {
      live.delete(id);
      writer.forget(id);
      const panel = await store.read('panels', id);
      if (panel) await store.remove('panels', panel);
      if (panel?.message) await discord.remove(panel.channel, panel.message).catch(() => undefined);
    },
    openOnes: async () => (await store.list('panels')).filter(({ closedAt }) => closedAt === null),
    async resume() {
      const now = clock.now();
      for (const panel of await store.list('panels')) {
        if (panel.closedAt === null) {
          live.set(panel.id, panel);
          writer.touch(panel);
        } else if (panel.closedAt < now - (isUnread(panel) ? UNREAD_MS : KEPT_MS)) await store.remove('panels', panel);
      }
    },
    get waiting() {
      return writer.waiting;
    },
    [Symbol.asyncDispose]: async () => await writer[Symbol.asyncDispose](),
  };
}
