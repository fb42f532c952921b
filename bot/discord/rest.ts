import { type RateLimitData, REST, type ResponseLike } from '@discordjs/rest';
import {
  type APIApplicationCommand,
  type APIMessage,
  type RESTPutAPIApplicationCommandsJSONBody,
  Routes,
} from 'discord-api-types/v10';
import type { Clock, Log } from '../../engine/domain/ports.ts';
import type { Secret } from '../../engine/domain/secret.ts';
import { createBrake } from './brake.ts';
import type { FileOf, Message } from './message.ts';
import { isTokenLost, isUnclear } from './trouble.ts';

/** What the bot says to Discord. What Discord refuses rejects with its own error; `trouble.ts` reads it. */
export interface Discord {
  /** The first answer to an interaction. Tried once: whoever waits has three seconds. */
  callback(id: string, token: string, body: object): Promise<void>;
  /** Changes that answer, by the interaction's own word, which lasts 15 minutes. */
  editAnswer(application: string, token: string, message: Message): Promise<void>;
  /** Posts once, however often it is tried: `nonce` names it. */
  post(channel: string, message: Message, nonce: string): Promise<{ readonly id: string }>;
  /** Returns how long its channel wants to be left alone. Rejects at once where it would have to wait. */
  edit(channel: string, id: string, message: Message): Promise<{ readonly againInMs: number }>;
  remove(channel: string, id: string): Promise<void>;
  commands(): Promise<readonly APIApplicationCommand[]>;
  register(commands: RESTPutAPIApplicationCommandsJSONBody): Promise<void>;
  /** Requests in the last ten minutes that Discord counts against our address. */
  invalidRequests(): number;
  readonly bot: REST;
}

export interface RestOptions {
  readonly api: string;
  readonly token: Secret;
  readonly clock: Clock;
  readonly log: Log;
  /** The token was refused: nothing that follows can work. */
  readonly onTokenLost: (why: string) => void;
}

const CALLBACK_MS = 2_500;
const REQUEST_MS = 15_000;
const AGAIN_MS = [100, 500, 2_000];
/** Discord's limit for all that a bot asks under its token. Answers to interactions do not count. */
const BOT_PER_SECOND = 50;
const UNCOUNTED = 1_000_000;

/** Two paths: what answers people must never queue behind what keeps panels fresh. */
export function openRest({ api, token, clock, log, onTokenLost }: RestOptions): Discord {
  const brake = createBrake(clock, log);
  const common = { api, hashSweepInterval: 0, handlerSweepInterval: 0, userAgentAppendix: 'dumont' };
  const people = { ...common, globalRequestsPerSecond: UNCOUNTED };
  const callbacks = new REST({ ...people, timeout: CALLBACK_MS, retries: 0, rejectOnRateLimit: () => true });
  const answers = new REST({ ...people, timeout: REQUEST_MS, rejectOnRateLimit: isEndless });
  const bot = new REST({
    ...common,
    timeout: REQUEST_MS,
    globalRequestsPerSecond: BOT_PER_SECOND,
    rejectOnRateLimit: (limit) => isEndless(limit) || isPanelEdit(limit),
  }).setToken(token.reveal());
  for (const rest of [callbacks, answers, bot])
    rest.on('response', (_request: unknown, response: ResponseLike) => brake.saw(response));

  /** Everything under the token, so that no caller can miss that it is lost. */
  async function asBot<T>(ask: () => Promise<T>): Promise<T> {
    brake.check();
    try {
      return await ask();
    } catch (cause) {
      if (isTokenLost(cause)) onTokenLost('the token is not valid any more');
      throw cause;
    }
  }

  /** What does the same when it is done twice. The client tries again what was answered, and not what was cut off. */
  async function tried(ask: () => Promise<unknown>): Promise<void> {
    for (const waitMs of AGAIN_MS) {
      try {
        return void (await ask());
      } catch (cause) {
        if (!isUnclear(cause)) throw cause;
        await clock.sleep(waitMs, AbortSignal.timeout(REQUEST_MS));
      }
    }
    await ask();
  }

  /** Whose token this is. */
  async function application(): Promise<string> {
    const found = await asBot(async () => await bot.get(Routes.currentApplication()));
    return (found as { readonly id: string }).id;
  }

  return {
    bot,
    invalidRequests: brake.count,

    async callback(id, word, body) {
      await callbacks.post(Routes.interactionCallback(id, word), { body, auth: false });
    },
    async editAnswer(application, word, message) {
      const route = Routes.webhookMessage(application, word, '@original');
      await tried(async () => await answers.patch(route, { ...sent(message), auth: false }));
    },
    async post(channel, message, nonce) {
      const { body, files } = sent(message);
      const posted = await asBot(
        async () =>
          await bot.post(Routes.channelMessages(channel), { body: { ...body, nonce, enforce_nonce: true }, files }),
      );
      return { id: (posted as APIMessage).id };
    },
    async edit(channel, id, message) {
      const fullRoute = Routes.channelMessage(channel, id);
      const request = { fullRoute, method: 'PATCH' as never, ...sent(message) };
      const response = await asBot(async () => await bot.queueRequest(request));
      await response.arrayBuffer();
      return { againInMs: againInMs(response) };
    },
    async remove(channel, id) {
      await asBot(async () => await bot.delete(Routes.channelMessage(channel, id)));
    },
    async commands() {
      const route = Routes.applicationCommands(await application());
      const query = new URLSearchParams({ with_localizations: 'true' });
      const found = await asBot(async () => await bot.get(route, { query }));
      return found as readonly APIApplicationCommand[];
    },
    async register(commands) {
      const route = Routes.applicationCommands(await application());
      await asBot(async () => await bot.put(route, { body: commands }));
    },
  };
}

/** A 429 that does not say for how long would be asked again at once, for ever. */
const isEndless = ({ retryAfter }: RateLimitData): boolean => !(retryAfter > 0);

/** A panel that has to wait is drawn anew when its turn comes; queued, it would show what was true long ago. */
const isPanelEdit = ({ method, route }: RateLimitData): boolean =>
  method === 'PATCH' && route === '/channels/:id/messages/:id';

function sent({ files = [], ...body }: Message): { readonly body: object; readonly files: FileSent[] } {
  const named = files.map(({ name, description }: FileOf, id) => ({
    id: String(id),
    filename: name,
    ...(description && { description }),
  }));
  return {
    body: {
      ...body,
      allowed_mentions: body.allowed_mentions ?? { parse: [] },
      ...(files.length > 0 && { attachments: named }),
    },
    files: files.map(({ name, bytes, type }) => ({ name, data: Buffer.from(bytes), contentType: type })),
  };
}
interface FileSent {
  readonly name: string;
  readonly data: Buffer;
  readonly contentType: string;
}

function againInMs({ headers }: ResponseLike): number {
  if (headers.get('x-ratelimit-remaining') !== '0') return 0;
  return Math.ceil(Number(headers.get('x-ratelimit-reset-after') ?? 0) * 1_000);
}
