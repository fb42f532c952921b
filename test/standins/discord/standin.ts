import type { AddressInfo } from 'node:net';
import type { APIMessage } from 'discord-api-types/v10';
import { type Gateway, openGateway } from './gateway.ts';
import { servePage } from './page.ts';
import { type People, people, shown } from './people.ts';
import { openRest } from './rest.ts';
import { warmUp } from './schema.ts';
import {
  DISCORD,
  type Interaction,
  MAY,
  type Person,
  type Role,
  type Settings,
  type State,
  type Stored,
  snowflake,
} from './state.ts';

/** Discord on loopback, for the real client: what it checks, limits, loses and forgets, Discord does as well. */
export interface Standin extends People, AsyncDisposable {
  readonly url: string;
  readonly api: string;
  readonly token: string;
  readonly state: State;
  readonly gateway: Gateway;
  guild(name?: string): string;
  channel(guild: string, name: string): string;
  role(name: string, more?: Partial<Role>): Role;
  person(name: string, more?: Partial<Person>): Person;
  /** Waits until it was answered with more than "thinking", or acknowledged where that is all there is to come. */
  answered(interaction: Interaction, ms?: number): Promise<APIMessage>;
  acked(interaction: Interaction, ms?: number): Promise<number>;
  messages(channel: string): readonly Stored[];
  until<T>(look: () => T | null | undefined | false, ms?: number, what?: string): Promise<T>;
}

export const EVERYBODY = (1n << 10n) | (1n << 11n) | (1n << 31n);
const EMBED_LINKS = 1n << 14n;
const ATTACH_FILES = 1n << 15n;
const LOADING = 1 << 7;
/** For a computer that has other things to do. */
const PATIENCE_MS = 20_000;

export async function openStandin(settings: Partial<Settings> = {}): Promise<Standin> {
  const state: State = {
    token: `standin.${snowflake()}`,
    application: snowflake(),
    guilds: new Map(),
    channels: new Map(),
    roles: new Map(),
    appPermissions: EVERYBODY | EMBED_LINKS | ATTACH_FILES | MAY.writeInThreads,
    messages: new Map(),
    people: [],
    interactions: new Map(),
    commands: [],
    created: 0,
    settings: { ...DISCORD, ...settings },
    seen: [],
    invalid: 0,
    wrong: [],
    faults: [],
  };
  warmUp();
  let port = 0;
  const gatewayUrl = (): string => `ws://127.0.0.1:${port}`;
  const server = openRest(state, gatewayUrl, (request, response) => servePage(state, hands, request, response));
  const gateway = openGateway(server, state, gatewayUrl);
  const hands = people(state, gateway);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;

  async function until<T>(
    look: () => T | null | undefined | false,
    ms = PATIENCE_MS,
    what = 'what was waited for',
  ): Promise<T> {
    const end = Date.now() + ms;
    for (;;) {
      const found = look();
      if (found) return found;
      if (Date.now() > end) throw new Error(`${what} did not happen within ${ms} ms`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  return {
    url: `http://127.0.0.1:${port}`,
    api: `http://127.0.0.1:${port}/api`,
    token: state.token,
    state,
    gateway,
    ...hands,
    guild(name = 'Research') {
      const id = snowflake();
      state.guilds.set(id, { id, name, here: true });
      return id;
    },
    channel(guild, name) {
      const id = snowflake();
      state.channels.set(id, { id, guild, name, denied: 'nothing', thread: null });
      return id;
    },
    role(name, more = {}) {
      const one = { id: snowflake(), name, mentionable: true, ...more };
      state.roles.set(one.id, one);
      return one;
    },
    person(name, more = {}) {
      const one = { id: snowflake(), name, permissions: EVERYBODY, locale: 'en-US', ...more };
      state.people.push(one);
      return one;
    },
    until,
    answered: async (it, ms) =>
      await until(
        () => {
          const message = shown(state, it);
          return message && ((message.flags ?? 0) & LOADING) === 0 && it.ackedAt !== null ? message : null;
        },
        ms,
        `an answer to ${JSON.stringify((it.payload as { data: object }).data)}`,
      ),
    acked: async (it, ms) =>
      await until(() => it.ackedAt !== null && it.ackedAt - it.at + 0.001, ms, 'an acknowledgement'),
    messages: (channel) => [...(state.messages.get(channel)?.values() ?? [])],
    async [Symbol.asyncDispose]() {
      gateway.end();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
