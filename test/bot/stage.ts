import { setTimeout as pause } from 'node:timers/promises';
import { type Bot, openBot } from '../../bot/bot.ts';
import type { Placed } from '../../bot/placing.ts';
import type { Role, Who } from '../../engine/domain/account.ts';
import type { Guild } from '../../engine/domain/discord.ts';
import type { Engine } from '../../engine/domain/doors.ts';
import type { Clock, Kind, Log, Rows, Store } from '../../engine/domain/ports.ts';
import { Secret } from '../../engine/domain/secret.ts';
import { engineFor } from '../../engine/guard.ts';
import { FakeStore } from '../fakes/store.ts';
import { type FakeEngine, fakeEngine } from '../http/fake-engine.ts';
import { fakeDoors } from '../http/house.ts';
import { openStandin, type Standin } from '../standins/discord/standin.ts';
import type { Person, Settings } from '../standins/discord/state.ts';

export const realClock: Clock = {
  now: Date.now,
  sleep: async (ms, signal) => await pause(ms, undefined, { signal }),
};

interface Wanted {
  readonly settings?: Partial<Settings>;
  readonly pace?: number;
  readonly names?: readonly string[];
  /** Null: nothing was settled for the server yet. */
  readonly guild?: Partial<Guild> | null;
  /** Between the bot and the engine. */
  readonly change?: (engine: Engine) => Engine;
  readonly clock?: Clock;
  /** In memory where nothing is said. */
  readonly rows?: Store;
}

/** A server with two channels and three people, a bot in it, and an engine behind the bot that tells believable stories. */
export async function stage({
  settings,
  pace = 0.02,
  names = ['lab'],
  guild: settled = {},
  change = (engine) => engine,
  clock = realClock,
  rows = new FakeStore({ strict: true }),
}: Wanted = {}) {
  await using opening = new AsyncDisposableStack();
  const standin = opening.use(await openStandin(settings));
  const fake = opening.use(fakeEngine({ pace, names }));
  const guild = standin.guild();
  const ops = standin.channel(guild, 'ops');
  const audit = standin.channel(guild, 'audit');
  const doors = fakeDoors(rows);
  const store = over(doors.store, fake);
  const people = {
    ana: standin.person('ana'),
    rui: standin.person('rui', { locale: 'pt-BR' }),
    vi: standin.person('vi'),
    eve: standin.person('eve'),
  };
  await account(store, 'ana', 'admin', people.ana);
  await account(store, 'rui', 'operator', people.rui);
  await account(store, 'vi', 'viewer', people.vi);
  const row: Guild = {
    id: guild,
    version: 0,
    language: 'en',
    channel: ops,
    audit,
    pingRole: null,
    hears: 'everything',
    trouble: null,
  };
  if (settled !== null) await store.save('guilds', { ...row, ...settled });

  const logged: { event: string; facts: Readonly<Record<string, unknown>>; level: string }[] = [];
  const log: Log = (event, facts = {}, level = 'INFO') => void logged.push({ event, facts, level });
  const ends: string[] = [];
  let ids = 0;

  /** `its own`: it does not know of the session of the first, as a process on another computer would not. */
  async function open(session: 'shared' | 'its own' = 'shared', first: Placed | null = null): Promise<Bot> {
    const engine = change(bound(fake.engine));
    const sessions = new FakeStore();
    const kept: Store = {
      ...store,
      list: async (kind) => await (kind === 'gateway-sessions' ? sessions : store).list(kind),
    };
    return await openBot({
      api: standin.api,
      token: new Secret(standin.token),
      engine,
      engineFor: (who: Who) => engineFor(who, engine, store),
      accounts: doors.accounts,
      audit: doors.audit,
      store: session === 'shared' ? store : kept,
      clock,
      log,
      newId: (prefix) => `${prefix}${++ids}`,
      first,
      onEnd: (why) => ends.push(why),
    });
  }

  const all = opening.move();
  let bot = await open();
  await ready(standin);
  return {
    standin,
    fake,
    guild,
    ops,
    audit,
    store,
    doors,
    people,
    logged,
    ends,
    get bot() {
      return bot;
    },
    /** Ends the bot and starts another on the same store, as a new version does. */
    async restart(meanwhile: () => void | Promise<void> = () => undefined, first: Placed | null = null): Promise<void> {
      await bot[Symbol.asyncDispose]();
      await meanwhile();
      bot = await open('shared', first);
      await standin.until(() => standin.gateway.connected > 0);
    },
    open,
    async [Symbol.asyncDispose]() {
      await bot[Symbol.asyncDispose]();
      await all.disposeAsync();
    },
  };
}

export type Stage = Awaited<ReturnType<typeof stage>>;

async function ready(standin: Standin): Promise<void> {
  await standin.until(() => standin.gateway.connected > 0 && standin.state.commands.length > 0);
}

export async function account(store: Store, id: string, role: Role, person: Person | null): Promise<void> {
  await store.save('accounts', {
    id,
    version: 0,
    role,
    password: 'scrypt',
    createdAt: 1,
    createdBy: 'test',
    endedAt: null,
    wordsSince: 1,
    discord: person?.id ?? null,
  });
}

/** Rows of the fake engine as the store would have them, beside real rows of everything else. */
function over(store: Store, fake: FakeEngine): Store {
  const theirs = (kind: Kind): ReadonlyMap<string, Rows[Kind]> | null => {
    if (kind === 'workspaces') return fake.workspaces;
    if (kind === 'machines') return fake.machines;
    if (kind === 'operations') return fake.operations;
    if (kind === 'snapshots') return new Map(fake.snapshots.map((one) => [one.id, one]));
    return null;
  };
  return {
    ...delegate(store),
    async read(kind, id) {
      const rows = theirs(kind);
      return rows ? ((rows.get(id) ?? null) as Rows[typeof kind] | null) : await store.read(kind, id);
    },
    async list(kind) {
      const rows = theirs(kind);
      return rows ? ([...rows.values()] as Rows[typeof kind][]) : await store.list(kind);
    },
  };
}

function delegate(store: Store): Store {
  return {
    read: store.read.bind(store),
    list: store.list.bind(store),
    save: store.save.bind(store),
    remove: store.remove.bind(store),
    claim: store.claim.bind(store),
    unclaim: store.unclaim.bind(store),
    lease: store.lease.bind(store),
    unlease: store.unlease.bind(store),
  };
}

/** The guard takes its functions one by one, and this one's need each other. */
function bound(engine: Engine): Engine {
  const functions = Object.entries(engine).map(([name, call]) => [name, (call as () => unknown).bind(engine)]);
  return Object.fromEntries(functions) as Engine;
}
