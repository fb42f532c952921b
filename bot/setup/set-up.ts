import { type APIChannel, type APIUser, Routes } from 'discord-api-types/v10';
import { Failure } from '../../engine/domain/failures.ts';
import type { Clock } from '../../engine/domain/ports.ts';
import { Secret } from '../../engine/domain/secret.ts';
import { type Discord, openRest } from '../discord/rest.ts';
import { isShut, isTokenLost, wordsOf } from '../discord/trouble.ts';
import { commandBodies, registerCommands } from '../registration.ts';
import { writeDiscordFile } from './discord-file.ts';

/** View channels, send messages, in threads too, embed links, attach files: what panels need, and no more. */
const PERMISSIONS = (1n << 10n) | (1n << 11n) | (1n << 14n) | (1n << 15n) | (1n << 38n);
const TEXT = 0;
const INVITED_WITHIN_MS = 10 * 60_000;
const LOOK_MS = 3_000;

export interface SetUp {
  readonly home: string;
  readonly api: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** A step that is checked, and what was found. */
  readonly say: (line: string) => void;
  readonly askToken: () => Promise<string>;
  /** One of these, by a person or by what they said before. */
  readonly choose: (what: 'server' | 'channel', from: readonly Named[]) => Promise<Named>;
  /** False: nobody sits there to invite it meanwhile. */
  readonly waits: boolean;
}
export interface Named {
  readonly id: string;
  readonly name: string;
}

interface Application extends Named {
  readonly interactions_endpoint_url?: string | null;
}

/** From an application to a bot that writes in a channel; each step is checked before the next. */
export async function setUp(
  way: SetUp,
): Promise<{ readonly file: string; readonly server: string; readonly channel: string }> {
  const { home, api, clock, say } = way;
  const token = (await way.askToken()).trim();
  const discord = openRest({
    api,
    token: new Secret(token),
    clock,
    log: () => undefined,
    onTokenLost: () => undefined,
  });
  const application = await checked(async () => (await discord.bot.get(Routes.currentApplication())) as Application);
  const user = await checked(async () => (await discord.bot.get(Routes.user())) as APIUser);
  say(`✓ the token is that of ${user.username}, of the application ${application.name}`);
  if (application.interactions_endpoint_url)
    throw new Failure('discord_refused', {
      why: 'the application has an Interactions Endpoint URL, so nothing would reach the gateway; clear it in the developer portal',
    });
  const server = await way.choose('server', await invited(way, discord, application.id));
  say(`✓ it was invited to ${server.name}`);
  const channels = await checked(async () => (await discord.bot.get(Routes.guildChannels(server.id))) as APIChannel[]);
  const texts = channels.flatMap((one) => (one.type === TEXT ? [{ id: one.id, name: one.name }] : []));
  const channel = await way.choose('channel', texts);
  await checked(
    async () => await discord.post(channel.id, HELLO, `setup${Math.floor(clock.now() / 1_000)}`),
    channel.name,
  );
  say(`✓ it can write in #${channel.name}`);
  const how = await checked(async () => await registerCommands(discord));
  const count = commandBodies().length;
  say(`✓ its ${count} commands are ${how === 'changed' ? 'registered' : 'registered already'}`);
  const file = await writeDiscordFile(home, { token, guild: server.id, channel: channel.id, at: clock.now() });
  return { file, server: server.name, channel: channel.name };
}

const HELLO = { content: 'Dumont is here. `/link` makes you and your account one.' };

export function inviteLink(application: string): string {
  const query = new URLSearchParams({
    client_id: application,
    scope: 'bot applications.commands',
    permissions: PERMISSIONS.toString(),
    integration_type: '0',
  });
  return `https://discord.com/oauth2/authorize?${query}`;
}

/** The servers it is in; where it is in none, the link is shown and somebody follows it. */
async function invited(
  { say, clock, signal, waits }: SetUp,
  discord: Discord,
  application: string,
): Promise<readonly Named[]> {
  const look = async () => await checked(async () => (await discord.bot.get(Routes.userGuilds())) as Named[]);
  const before = await look();
  if (before.length > 0) return before;
  say(`Invite it to a server of yours; it asks for what it needs and no more:\n  ${inviteLink(application)}`);
  for (const end = clock.now() + INVITED_WITHIN_MS; waits && clock.now() < end; ) {
    await clock.sleep(LOOK_MS, signal);
    const now = await look();
    if (now.length > 0) return now;
  }
  throw new Failure('discord_refused', {
    why: 'it was not invited to any server yet; follow the link, then do this again',
  });
}

async function checked<T>(ask: () => Promise<T>, channel = ''): Promise<T> {
  try {
    return await ask();
  } catch (cause) {
    if (isTokenLost(cause)) throw new Failure('discord_refused', { why: 'the token is not valid' }, { cause });
    if (isShut(cause))
      throw new Failure('discord_refused', { why: `it may not write in #${channel}: ${wordsOf(cause)}` }, { cause });
    throw new Failure('discord_refused', { why: wordsOf(cause) }, { cause });
  }
}
