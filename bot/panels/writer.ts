import type { Panel } from '../../engine/domain/discord.ts';
import type { Clock, Log } from '../../engine/domain/ports.ts';
import { fitted, type Message } from '../discord/message.ts';
import type { Discord } from '../discord/rest.ts';
import { CODE, codeOf, isShut, isTheirs, isUnclear, waitMsOf, wordsOf } from '../discord/trouble.ts';
import { GAP_MS, ignoreGone, nonceOf, quietly, RENEW_MS, SLOW_MS } from './pace.ts';

/** Where panels are kept while they are written. */
export interface Shelf {
  read(id: string): Promise<Panel | null>;
  change(id: string, to: Partial<Pick<Panel, 'message' | 'postedAt' | 'closedAt'>>): Promise<Panel | null>;
  /** How it looks right now; null when there is nothing to show. `last` says that it will not change again. */
  draw(panel: Panel): Promise<{ readonly message: Message; readonly last: boolean } | null>;
  /** Discord took it. */
  posted(panel: Panel): Promise<void>;
  /** Discord does not let us write there. */
  shut(panel: Panel, why: string): Promise<void>;
}

export interface Writer extends AsyncDisposable {
  /** It has changed. It is drawn when its turn in its channel comes, as it is then, and never as it was. */
  touch(panel: Pick<Panel, 'id' | 'channel' | 'kind'>): void;
  /** Returns when it was written once more, or the wait is over. */
  written(id: string, ms: number): Promise<void>;
  /** It begins anew, or is over. */
  forget(id: string): void;
  readonly waiting: number;
}

const TRIES_MAX = 5;
const SECOND_TRY_MS = 500;
const TRY_AGAIN_MS_MAX = 60_000;

interface Again {
  /** When its channel may be written to again. */
  readonly inMs: number;
  /** It still has to be written. */
  readonly retry: boolean;
  /** There is something to see meanwhile. */
  readonly stands?: boolean;
}

interface Line {
  /** In the order in which they get their turn; one that changes again and again goes behind the others. */
  readonly turns: Set<string>;
  running: Promise<void> | null;
  notBefore: number;
}

/** Latest wins, and every panel of a channel gets its turn. */
export function createWriter(discord: Discord, shelf: Shelf, clock: Clock, log: Log): Writer {
  const stop = new AbortController();
  const beganAt = clock.now();
  const lines = new Map<string, Line>();
  const tries = new Map<string, number>();
  const editedAt = new Map<string, number>();
  /** What Discord shows of each, as far as we know. */
  const shown = new Map<string, string>();
  const waiters = new Map<string, PromiseWithResolvers<void>>();

  function drop(id: string): void {
    for (const known of [tries, editedAt, shown]) known.delete(id);
  }

  async function close(id: string): Promise<void> {
    await shelf.change(id, { closedAt: clock.now() });
    drop(id);
  }

  function lineOf(channel: string): Line {
    const line = lines.get(channel) ?? { turns: new Set<string>(), running: null, notBefore: 0 };
    lines.set(channel, line);
    return line;
  }

  async function run(line: Line): Promise<void> {
    while (line.turns.size > 0 && !stop.signal.aborted) {
      const wait = line.notBefore - clock.now();
      if (wait > 0) await clock.sleep(wait, stop.signal);
      const id = dueOf(line);
      if (id === null) {
        await clock.sleep(GAP_MS, stop.signal);
        continue;
      }
      line.turns.delete(id);
      const again = await write(id, line);
      if (again === null) tries.delete(id);
      if (!again?.retry || again.stands) waiters.get(id)?.resolve();
      line.notBefore = Math.max(line.notBefore, clock.now() + (again?.inMs ?? 0));
      if (again?.retry) line.turns.add(id);
    }
  }

  function dueOf(line: Line): string | null {
    const now = clock.now();
    for (const id of line.turns) if ((editedAt.get(id) ?? 0) <= now) return id;
    return null;
  }

  /** Null: it is as it should be. */
  async function write(id: string, line: Line): Promise<Again | null> {
    const panel = await shelf.read(id);
    if (!panel || panel.closedAt !== null) return null;
    let isDrawn = false;
    try {
      const drawn = await shelf.draw(panel);
      isDrawn = true;
      if (!drawn) return null;
      const message = fitted(drawn.message);
      const looks = JSON.stringify({ ...quietly(message), files: message.files?.length });
      const old = panel.postedAt !== null && clock.now() - panel.postedAt > RENEW_MS[panel.kind];
      if (panel.message === null || old) {
        line.notBefore = clock.now() + GAP_MS;
        if (panel.message !== null) await discord.remove(panel.channel, panel.message).catch(ignoreGone);
        const posted = await discord.post(panel.channel, message, nonceOf(panel));
        await shelf.change(id, { message: posted.id, postedAt: clock.now() });
        await shelf.posted(panel);
        shown.set(id, looks);
        editedAt.set(id, clock.now() + SLOW_MS[panel.kind]);
        // What Discord has may be what we posted before its answer was lost: only an edit is sure to show the end.
        const isOurs = panel.openedAt >= beganAt && !tries.has(id);
        if (drawn.last && isOurs && !line.turns.has(id)) await close(id);
        return isOurs || !(drawn.last || tries.has(id)) ? null : { inMs: 0, retry: true, stands: true };
      }
      if (shown.get(id) === looks && !drawn.last && !tries.has(id)) return null; // nothing new to say
      line.notBefore = clock.now() + GAP_MS; // a turn in which nothing is said costs nothing
      const { againInMs: inMs } = await discord.edit(panel.channel, panel.message, quietly(message));
      editedAt.set(id, clock.now() + SLOW_MS[panel.kind]);
      shown.set(id, looks);
      if (drawn.last && !line.turns.has(id)) await close(id); // unless it was touched while it was written
      return inMs > 0 ? { inMs, retry: false } : null;
    } catch (cause) {
      return await failed(panel, cause, isDrawn);
    }
  }

  async function failed(panel: Panel, cause: unknown, isDrawn: boolean): Promise<Again | null> {
    stop.signal.throwIfAborted();
    const wait = waitMsOf(cause);
    if (wait !== null) return { inMs: wait, retry: true };
    const why = wordsOf(cause);
    if (isShut(cause)) {
      log('discord.panel_shut', { panel: panel.id, channel: panel.channel, why }, 'WARNING');
      await shelf.shut(panel, why);
      return null;
    }
    const count = (tries.get(panel.id) ?? 0) + 1;
    tries.set(panel.id, count);
    const mayHeal = isDrawn && (isUnclear(cause) || isTheirs(cause));
    if (count > TRIES_MAX && !mayHeal) {
      log('discord.panel_given_up', { panel: panel.id, why }, 'ERROR');
      tries.delete(panel.id);
      return null;
    }
    // Somebody deleted it, or it is too old to be edited: it is posted anew, below what was said meanwhile.
    const tooOld = codeOf(cause) === CODE.editsOfOld;
    if (tooOld && RENEW_MS[panel.kind] === Number.POSITIVE_INFINITY) {
      editedAt.set(panel.id, clock.now() + TRY_AGAIN_MS_MAX); // it stays where it is; the others have their turns meanwhile
      return { inMs: 0, retry: true };
    }
    if (tooOld || codeOf(cause) === CODE.unknownMessage) {
      if (tooOld && panel.message !== null) await discord.remove(panel.channel, panel.message).catch(() => undefined);
      await shelf.change(panel.id, { message: null });
      return { inMs: 0, retry: true };
    }
    log('discord.panel_failed', { panel: panel.id, why, count }, 'WARNING');
    return { inMs: Math.min(SECOND_TRY_MS * count ** 2, TRY_AGAIN_MS_MAX), retry: true };
  }

  return {
    touch({ id, channel }) {
      const line = lineOf(channel);
      line.turns.add(id);
      if (stop.signal.aborted || line.running) return;
      line.running = run(line)
        .catch(
          (cause: unknown) => stop.signal.aborted || log('discord.writer_failed', { why: wordsOf(cause) }, 'ERROR'),
        )
        .then(() => {
          line.running = null;
          if (line.turns.size > 0 && !stop.signal.aborted)
            this.touch({ id: [...line.turns][0] ?? id, channel, kind: 'operation' });
        });
    },
    async written(id, ms) {
      const waiter = waiters.get(id) ?? Promise.withResolvers<void>();
      waiters.set(id, waiter);
      await Promise.race([waiter.promise, clock.sleep(ms, stop.signal).catch(() => undefined)]);
      waiters.delete(id);
    },
    forget: drop,
    get waiting() {
      return [...lines.values()].reduce((sum, { turns }) => sum + turns.size, 0);
    },
    async [Symbol.asyncDispose]() {
      stop.abort(new Error('the bot stops'));
      await Promise.allSettled([...lines.values()].map(({ running }) => running));
    },
  };
}
