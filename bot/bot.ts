import { OWNER } from '../engine/domain/account.ts';
import type { Engine, HealthPart } from '../engine/domain/doors.ts';
import { reasonOf } from '../engine/domain/failures.ts';
import type { Secret } from '../engine/domain/secret.ts';
import { announce } from './announce.ts';
import { auditPosts } from './audit-posts.ts';
import type { Lent } from './calls.ts';
import { openGateway } from './discord/gateway.ts';
import { openRest } from './discord/rest.ts';
import { createMemory } from './memory.ts';
import { createPanels } from './panels/panels.ts';
import { createStories } from './panels/stories.ts';
import { NO_CHANNEL, type Placed, place } from './placing.ts';
import { registerCommands } from './registration.ts';
import { createRouter } from './router.ts';
import { settledIn } from './settled.ts';

export interface BotOptions extends Lent {
  readonly api: string;
  readonly token: Secret;
  /** Sees everything: for panels, which belong to no person. */
  readonly engine: Engine;
  /** Where panels stand by the last word of "dumont discord setup". */
  readonly first: Placed | null;
  /**
   * It was connected, and nothing can heal it but a new start. One that never was says so in its health only: an engine
   * that ended for that would end again and again, and with it the care for machines.
   */
  readonly onEnd: (why: string) => void;
}

export interface Bot extends AsyncDisposable {
  health(): Promise<HealthPart>;
  /** Whether any server has a channel for warnings and alerts. */
  canWarn(): Promise<boolean>;
}

const SAMPLES = 1_000;
const REGISTER_AGAIN_MS = 1_000;
const REGISTER_AGAIN_MS_MAX = 10 * 60_000;

/** Opens the way in from Discord. It returns before Discord answers: the engine does not wait for it. */
export async function openBot(options: BotOptions): Promise<Bot> {
  const { api, token, engine, store, clock, log, onEnd } = options;
  await using opening = new AsyncDisposableStack();
  const stop = new AbortController();
  opening.defer(() => stop.abort(new Error('the bot stops')));
  let ended: string | null = null;
  let up = false;
  const end = (why: string): void => {
    if (ended !== null || stop.signal.aborted) return;
    ended = why;
    log('discord.ended', { why, wasConnected: up }, 'ERROR');
    if (up) onEnd(why);
  };

  const discord = openRest({ api, token, clock, log, onTokenLost: end });
  const settled = settledIn(store);
  if (options.first) await place(options.first, { store, settled, discord, log });
  if (!(await settled.anywhere())) log('discord.no_channel', { ...NO_CHANNEL }, 'WARNING');
  const stories = createStories(engine);
  const memory = opening.use(createMemory(store, clock, log));
  const panels = opening.use(createPanels({ store, clock, log, engine, engineOf }, discord, settled, stories));
  const times: number[] = [];

  const route = createRouter(
    {
      ...options,
      discord,
      memory,
      panels,
      settled,
      auditPosts: auditPosts(discord, panels, log),
      acknowledged(ms) {
        times.push(ms);
        if (times.length > SAMPLES) times.shift();
      },
      async diagnose() {
        const sorted = times.toSorted((a, b) => a - b);
        const at = (share: number): number =>
          sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
        return {
          shards: await gateway.shards(),
          invalidRequests: discord.invalidRequests(),
          panelsOpen: (await panels.openOnes()).length,
          panelsWaiting: panels.waiting,
          acknowledgedMs: { p50: at(0.5), p99: at(0.99), count: sorted.length },
          memoryBytes: process.memoryUsage.rss(),
        };
      },
    },
    stop.signal,
  );
  await memory.looked();
  await panels.resume();
  const announcing = announce({ engine, store, clock, log, memory, panels, stories, settled }, stop.signal);
  announcing.catch(
    (cause: unknown) => stop.signal.aborted || log('discord.announcer_failed', { why: reasonOf(cause) }, 'ERROR'),
  );
  const registering = register();
  opening.defer(async () => {
    stop.abort(new Error('the bot stops'));
    await Promise.allSettled([announcing, registering]);
  });
  const gateway = opening.use(
    await openGateway({
      rest: discord.bot,
      token,
      store,
      clock,
      log,
      hear: route,
      onReady() {
        up = true;
      },
      onEnd: end,
    }),
  );
  const opened = opening.move();
  return {
    async health() {
      if (ended !== null) return { name: 'discord', ok: false, say: ended };
      const connection = await gateway.health();
      if (connection.ok && !(await settled.anywhere())) return { name: 'discord', ok: false, ...NO_CHANNEL };
      return { name: 'discord', ...connection };
    },
    canWarn: settled.anywhere,
    [Symbol.asyncDispose]: async () => await opened.disposeAsync(),
  };

  async function engineOf(account: string): Promise<Engine | null> {
    if (account === OWNER) return options.engineFor({ name: OWNER, role: 'admin', workspaces: null, by: 'file' });
    const found = (await options.accounts.list()).find(({ id, endedAt }) => id === account && endedAt === null);
    return found ? options.engineFor({ name: found.id, role: found.role, workspaces: null, by: 'discord' }) : null;
  }

  /** Until Discord has them, or the token is gone. */
  async function register(): Promise<void> {
    for (
      let waitMs = REGISTER_AGAIN_MS;
      !stop.signal.aborted && ended === null;
      waitMs = Math.min(waitMs * 2, REGISTER_AGAIN_MS_MAX)
    ) {
      try {
        return log('discord.commands', { how: await registerCommands(discord) });
      } catch (cause) {
        log('discord.commands_not_registered', { why: reasonOf(cause), againInMs: waitMs }, 'WARNING');
        await clock.sleep(waitMs, stop.signal).catch(() => undefined);
      }
    }
  }
}
