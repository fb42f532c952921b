import { parseArgs } from 'node:util';
import type { Ports, Shell } from '../../engine/domain/ports.ts';
import type { Send } from '../../engine/marketplaces/vast/send.ts';
import { createBell } from '../../engine/process/bell.ts';
import { type AtVast, atVast, marketplacesOf } from '../fakes/at-vast.ts';
import { ANA, hearing, MINUTE, SECOND, World } from '../fakes/world.ts';
import { isLive, type Rental } from '../standins/vast/account.ts';
import { readTraps } from '../standins/vast/traps.ts';
import { Dice } from './dice.ts';
import { Process } from './process.ts';

/** One race at the vast stand-in, in bad weather, with engines that are killed; and what its bill showed meanwhile. */
export interface Rentals {
  readonly seed: string;
  readonly rented: number;
  readonly kills: number;
  /** The longest that any machine billed us while no record knew it. */
  readonly unownedMs: number;
  /** Machines that still bill us, half an hour after the workspace was put to sleep, besides somebody else's. */
  readonly left: number;
  readonly foreignTouched: boolean;
  readonly won: boolean;
}

type Breach = (send: Send) => Send;

const WEATHER = [
  ['create-502', 0.1],
  ['create-lost', 0.1],
  ['create-502-nothing', 0.05],
  ['create-error-made', 0.08],
  ['ask-taken', 0.1],
  ['too-frequent', 0.05],
  ['list-lag', 0.7],
  ['list-502', 0.1],
  ['list-short', 0.03],
  ['bulk-half', 0.2],
  ['bulk-missing', 0.2],
  ['destroy-429', 0.1],
  ['destroy-404', 0.1],
  ['destroy-lost', 0.1],
  ['destroy-502', 0.1],
  ['destroy-lies', 0.1],
  ['text-errors', 0.2],
] as const;

/** `breach` changes how the client of vast sends, to see that this would be seen. */
export async function rentals(seed: string, breach: Breach = (send) => send): Promise<Rentals> {
  const dice = new Dice(`${seed} people`);
  const w = new World({});
  const traps = readTraps(WEATHER.map(([name, share]) => `${name}=${share}`));
  const vast = atVast(w, { seed, machines: 80, traps, weather: { correlated: dice.maybe(0.5) } });
  const foreign = leaveForeign(vast);
  const processes = [await boot(w, vast, breach, 'engine 1')];
  const watch = watching(w, vast, foreign);
  const first = processes[0]!;
  await first.engine!.create('lab', { need: { gpu: 'RTX 4090' } }, ANA);
  void first.engine!.wake('lab', {}, ANA).catch(() => undefined); // it may be killed before it answers

  const kills = dice.between(0, 3);
  for (let kill = 0; kill < kills; kill += 1) {
    await watch(dice.between(0, 90) * SECOND + dice.between(0, 999));
    processes.at(-1)!.kill();
    await watch(dice.between(1, 60) * SECOND);
    processes.push(await boot(w, vast, breach, `engine ${kill + 2}`));
  }
  await watch(25 * MINUTE);
  const won = w.told.some((talk) => talk.event === 'workspace.usable');
  traps.clear();
  await watch(2 * MINUTE);
  const unownedMs = await watch(0);
  const { engine } = processes.at(-1)!;
  await engine!.hibernate('lab', {}, ANA).catch(() => undefined);
  await watch(30 * MINUTE);
  for (const process of processes) process.bury();
  const left = vast.account.rentals.filter((one) => isLive(one) && one !== foreign).length;
  return {
    seed,
    rented: vast.account.rentals.length - 1,
    kills,
    unownedMs: Math.max(unownedMs, await watch(0)),
    left,
    foreignTouched: !isLive(foreign) || foreign.intended !== 'running',
    won,
  };
}

/** Somebody else's machine on the same account. */
function leaveForeign({ account }: AtVast): Rental {
  const foreign: Rental = {
    id: 29_999_999,
    physical: account.fleet.at(-1)!,
    terms: [{ from: account.now(), until: Number.POSITIVE_INFINITY, price: 1 }],
    raise: null,
    bid: false,
    image: 'theirs',
    disk: 8,
    env: {},
    onstart: '',
    key: 'theirs',
    boot: { loadingMs: 0, sshMs: 0, cached: true, fate: 'well' },
    createdAt: account.now(),
    lagMs: 0,
    sshKeys: [],
    label: 'dumont-other-m1-lab',
    spans: [{ from: account.now(), until: null, first: true, waits: false }],
    intended: 'running',
    endedAt: null,
  };
  account.rentals.push(foreign);
  return foreign;
}

/** Lets time go by and looks at the bill every two seconds: is there a record for every machine on it? */
function watching(w: World, { account }: AtVast, foreign: Rental): (ms: number) => Promise<number> {
  const alone = new Map<number, number>();
  let longest = 0;
  return async (ms) => {
    const end = w.clock.now() + ms;
    for (;;) {
      const rows = (await w.store.list('machines')).filter(({ state }) => state !== 'gone');
      // Until the answer to its rental is known, a record answers for all under its label; then for that one machine.
      const owned = new Set(rows.map(({ instance, label }) => instance ?? label));
      for (const rental of account.rentals) {
        if (rental === foreign) continue;
        const free = isLive(rental) && !owned.has(String(rental.id)) && !owned.has(rental.label ?? '');
        if (!free) alone.delete(rental.id);
        else if (!alone.has(rental.id)) alone.set(rental.id, w.clock.now());
        longest = Math.max(longest, w.clock.now() - (alone.get(rental.id) ?? w.clock.now()));
      }
      if (w.clock.now() >= end) return longest;
      await w.clock.advance(Math.min(2 * SECOND, end - w.clock.now()));
    }
  };
}

/** An engine on what is there. Killed, no answer reaches it any more; what it asked for happens all the same. */
async function boot(w: World, vast: AtVast, breach: Breach, name: string): Promise<Process> {
  const process = new Process(name, w.clock);
  const running = await w.start((ports) => mortal(process, vast, breach, ports));
  process.engine = running.engine;
  return process;
}

function mortal(process: Process, vast: AtVast, breach: Breach, ports: Ports): Ports {
  const { clock } = process;
  const alone = {
    ...ports,
    clock,
    bell: createBell(clock),
    store: delivered(process, ports.store),
    journals: delivered(process, ports.journals),
    storage: delivered(process, ports.storage),
    repositories: delivered(process, ports.repositories),
    marketplaces: marketplacesOf(
      clock,
      breach((...call) => process.deliver(vast.send(...call))),
    ),
    connect: async (...call: Parameters<Ports['connect']>): Promise<Shell> =>
      delivered(process, await process.deliver(vast.connect(...call))),
  };
  return { ...alone, heartbeats: hearing(alone) };
}

/** Every answer passes through the process that asked. */
function delivered<T extends object>(process: Process, port: T): T {
  return new Proxy(port, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      return (...given: unknown[]): unknown => {
        const answer: unknown = value.apply(target, given);
        return answer instanceof Promise ? process.deliver(answer) : answer;
      };
    },
  });
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { races: { type: 'string', default: '500' }, from: { type: 'string', default: '0' } },
  });
  const all: Rentals[] = [];
  for (let n = 0; n < Number(values.races); n += 1) {
    const one = await rentals(`rentals ${n + Number(values.from)}`);
    all.push(one);
    if (one.unownedMs > 2 * MINUTE || one.left > 0 || one.foreignTouched) console.log(JSON.stringify(one));
  }
  const sum = (pick: (one: Rentals) => number): number => all.reduce((total, one) => total + pick(one), 0);
  console.log(
    `${all.length} races, ${sum(({ rented }) => rented)} machines rented, ${sum(({ kills }) => kills)} kills, ` +
      `${sum(({ won }) => Number(won))} won; longest without an owner ${Math.max(...all.map(({ unownedMs }) => unownedMs)) / 1_000} s; ` +
      `left behind: ${sum(({ left }) => left)}; machines of others touched: ${sum(({ foreignTouched }) => Number(foreignTouched))}`,
  );
}
