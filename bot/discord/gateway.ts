import type { REST } from '@discordjs/rest';
import { type SessionInfo, WebSocketManager, WebSocketShardEvents, WebSocketShardStatus } from '@discordjs/ws';
import { type APIInteraction, GatewayDispatchEvents, type GatewayDispatchPayload, Routes } from 'discord-api-types/v10';
import type { Clock, Log, Store } from '../../engine/domain/ports.ts';
import type { Secret } from '../../engine/domain/secret.ts';
import { keepSessions } from './sessions.ts';
import { isTokenLost } from './trouble.ts';

export interface GatewayOptions {
  readonly rest: REST;
  readonly token: Secret;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** Never rejects. True: it is taken care of, and is not asked for again after a restart. */
  readonly hear: (interaction: APIInteraction) => Promise<boolean>;
  readonly onReady: () => void;
  /** Nothing can heal this connection. */
  readonly onEnd: (why: string) => void;
}

export interface Gateway extends AsyncDisposable {
  health(): Promise<{ readonly ok: boolean; readonly say: string }>;
  /** What an owner wants to see of each shard. */
  shards(): Promise<readonly { readonly shard: number; readonly status: string; readonly heardMsAgo: number | null }[]>;
}

/** Discord closes with these when no new connection could fare better. */
const NEVER_HEALS: Readonly<Record<number, string>> = {
  4004: 'the token is not valid',
  4010: 'this shard does not exist',
  4011: 'there are too many servers for one connection',
  4012: 'this version of the API has ended',
  4013: 'it knows no such intents',
  4014: 'it does not allow these intents',
};

const UNREADY_MS = 60_000;
/** A connection that has not come back for so long, although Discord answers otherwise, needs another process. */
const STUCK_MS = 10 * 60_000;
const LOOK_MS = 60_000;
/** Interactions come without any. */
const NO_INTENTS = 0;

/** One connection per shard. What was sent while it was down is sent again; interactions that come twice are one. */
export async function openGateway(options: GatewayOptions): Promise<Gateway> {
  const { rest, token, store, clock, log, hear, onReady, onEnd } = options;
  const sessions = await keepSessions(store, log);
  const heardAt = new Map<number, number>();
  const stop = new AbortController();
  /** Shards that are not connected, and since when. */
  const lostAt = new Map<number, number>();
  const openedAt = clock.now();
  let isReady = false;

  const manager = new WebSocketManager({
    token: token.reveal(),
    rest,
    intents: NO_INTENTS,
    retrieveSessionInfo: sessions.retrieve,
    updateSessionInfo: (shard: number, info: SessionInfo | null) => sessions.update(shard, info),
  });
  const fatal = Promise.withResolvers<never>();
  fatal.promise.catch(() => undefined);
  const end = (why: string): void => {
    fatal.reject(new Error(why));
    onEnd(why);
  };
  manager.on(WebSocketShardEvents.Ready, (_data, shard) => ready(shard, 'discord.ready'));
  manager.on(WebSocketShardEvents.Resumed, (shard) => ready(shard, 'discord.resumed'));
  manager.on(WebSocketShardEvents.HeartbeatComplete, (_beat, shard) => heardAt.set(shard, clock.now()));
  manager.on(WebSocketShardEvents.Closed, (code, shard) => {
    if (!lostAt.has(shard)) lostAt.set(shard, clock.now());
    if (stop.signal.aborted) return;
    log('discord.closed', { shard, code }, 'WARNING');
    const why = NEVER_HEALS[code];
    if (why !== undefined) end(why);
  });
  manager.on(WebSocketShardEvents.Error, (cause, shard) =>
    log('discord.error', { shard, why: cause.message }, 'ERROR'),
  );
  manager.on(WebSocketShardEvents.SocketError, (cause, shard) =>
    log('discord.socket_error', { shard, why: String(cause?.message ?? cause) }, 'WARNING'),
  );
  manager.on(WebSocketShardEvents.Dispatch, (payload, shard) => take(payload, shard));

  function ready(shard: number, event: string): void {
    isReady = true;
    lostAt.delete(shard);
    onReady();
    heardAt.set(shard, clock.now());
    log(event, { shard });
  }

  function take(payload: GatewayDispatchPayload, shard: number): void {
    heardAt.set(shard, clock.now());
    if (payload.t !== GatewayDispatchEvents.InteractionCreate) return;
    const done = sessions.begin(shard, payload.s);
    void hear(payload.d).then((finished) => finished && done());
  }

  let connecting = true;
  const connected = connect();

  /** Discord, or the way to it, may be down when we start; the engine does not wait for that. */
  async function connect(): Promise<void> {
    for (let wait = FIRST_RETRY_MS; !stop.signal.aborted; wait = Math.min(wait * 2, RETRY_MS_MAX)) {
      try {
        await Promise.race([manager.connect(), fatal.promise]);
        return;
      } catch (cause) {
        if (isTokenLost(cause)) end('the token is not valid');
        const why = cause instanceof Error ? cause.message : String(cause);
        log('discord.connect_failed', { why, againInMs: wait }, 'WARNING');
        if (isTokenLost(cause) || (await Promise.race([fatal.promise.catch(() => true), Promise.resolve(false)])))
          return;
      }
      await clock.sleep(wait, stop.signal).catch(() => undefined);
    }
  }
  void connected.finally(() => {
    connecting = false;
  });
  const watching = watch();

  /** It comes back by itself, as a rule. */
  async function watch(): Promise<void> {
    while (!stop.signal.aborted) {
      await clock.sleep(LOOK_MS, stop.signal).catch(() => undefined);
      const lost = Math.min(...lostAt.values());
      if (stop.signal.aborted || !isReady || clock.now() - lost < STUCK_MS) continue;
      const answers = await rest.get(Routes.gatewayBot(), { signal: stop.signal }).then(
        () => true,
        () => false,
      );
      if (answers) return end('the connection does not come back, although Discord answers');
    }
  }

  return {
    async health() {
      if (isReady && lostAt.size === 0) return { ok: true, say: 'connected' };
      const silentMs = clock.now() - Math.min(...(lostAt.size === 0 ? [openedAt] : lostAt.values()));
      const seconds = Math.round(silentMs / 1_000);
      const say = connecting ? `not connected yet, for ${seconds} s` : `not connected for ${seconds} s`;
      return { ok: silentMs < UNREADY_MS, say };
    },
    async shards() {
      const now = clock.now();
      return [...(await manager.fetchStatus())].map(([shard, status]) => {
        const heard = heardAt.get(shard);
        return { shard, status: WebSocketShardStatus[status], heardMsAgo: heard === undefined ? null : now - heard };
      });
    },
    async [Symbol.asyncDispose]() {
      stop.abort(new Error('the bot stops'));
      await watching;
      sessions.close();
      // Any code but 1000 and 1001 leaves the session open, so that the next start is sent what came meanwhile.
      await Promise.resolve(manager.destroy({ code: 4_900, reason: 'restarting' })).catch(() => undefined);
      await sessions.settled();
    },
  };
}

const FIRST_RETRY_MS = 1_000;
const RETRY_MS_MAX = 60_000;
