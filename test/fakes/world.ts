import type { Engine } from '../../engine/domain/doors.ts';
import type { Talk } from '../../engine/domain/events.ts';
import { Failure } from '../../engine/domain/failures.ts';
import type { State } from '../../engine/domain/lifecycle.ts';
import { toldLine } from '../../engine/domain/log.ts';
import type { Log, Ports, Vault } from '../../engine/domain/ports.ts';
import { DEFAULTS, type Settings } from '../../engine/domain/settings.ts';
import { createEngine } from '../../engine/engine.ts';
import { createHeartbeats } from '../../engine/heartbeats.ts';
import { PARTS, type Parts } from '../../engine/parts.ts';
import { createBell } from '../../engine/process/bell.ts';
import { intoLogs } from '../../engine/process/logs.ts';
import { createTelling } from '../../engine/process/telling.ts';
import { supervise } from '../../engine/supervise.ts';
import { keepSweeping } from '../../engine/sweep.ts';
import { FakeClock, settle } from './clock.ts';
import { FakeLogs } from './logs.ts';
import { type FakeMachine, TOOL_SHA256 } from './machine.ts';
import { FakeMarketplace } from './marketplace.ts';
import { FakeStorage } from './storage.ts';
import { FakeJournals, FakeStore } from './store.ts';

export function unseal(sealed: string): string {
  if (!sealed.startsWith('sealed ')) throw new Failure('wrong_password', { workspace: '-' });
  return sealed.slice('sealed '.length);
}

/** Everything outside, in memory, under one clock; engines come and go in it. */
export class World {
  readonly clock = new FakeClock();
  readonly store = new FakeStore();
  readonly journals = new FakeJournals();
  readonly logs = new FakeLogs();
  readonly storage = new FakeStorage();
  readonly marketplace: FakeMarketplace;
  readonly settings: Settings;
  /** None, unless a test puts one here. */
  readonly vaults: Vault[] = [];
  readonly told: Talk[] = [];
  readonly logged: { event: string; facts: Readonly<Record<string, unknown>>; level: string }[] = [];
  #ids = 0;

  constructor(settings: Partial<Settings> = {}, marketplace?: (world: World) => FakeMarketplace) {
    this.settings = { ...DEFAULTS, installation: 'test', ...settings };
    this.marketplace = marketplace?.(this) ?? new FakeMarketplace(this.clock, this.storage);
  }

  /** Starts an engine on what is there, as after a crash. */
  async start(change: (ports: Ports) => Ports = (ports) => ports, parts: Parts = PARTS): Promise<RunningEngine> {
    const bell = createBell(this.clock);
    const logs = this.logs.of(bell);
    const keep: Log = (event, facts = {}, level = 'INFO') => void this.logged.push({ event, facts, level });
    const log = intoLogs(keep, logs, this.clock.now.bind(this.clock));
    const telling = await createTelling(this.journals, this.clock, bell, log);
    const alone: Omit<Ports, 'heartbeats'> = {
      settings: this.settings,
      clock: this.clock,
      random: () => 0.5,
      newId: (prefix) => `${prefix}${++this.#ids}`,
      store: this.store,
      journals: this.journals,
      marketplaces: new Map([[this.marketplace.name, this.marketplace]]),
      connect: this.marketplace.connect,
      storage: this.storage,
      repositories: this.storage,
      vaults: this.vaults,
      seal: (plain) => `sealed ${plain}`,
      unseal,
      kit: async () => ({
        tools: [{ name: 'restic', sha256: TOOL_SHA256, file: '', sizeBytes: 1, key: 'kit/restic' }],
      }),
      publicKey: 'ssh-ed25519 AAAA engine',
      bell,
      underway: new Map(),
      fence: { check: async () => undefined },
      log,
      logs,
      tell: (talk) => {
        this.told.push(talk);
        if (talk.workspace !== null) logs.note(talk.workspace, toldLine(talk, this.clock.now()));
        telling.tell(talk);
      },
    };
    const ports = change({ ...alone, heartbeats: hearing(alone) });
    const stop = new AbortController();
    const ended = Promise.allSettled([supervise(ports, stop.signal, parts), keepSweeping(ports, stop.signal)]);
    await settle();
    return {
      engine: createEngine(ports, telling, null),
      async stop() {
        stop.abort(new Error('the engine stops'));
        await ended;
      },
    };
  }

  /** The states each machine of a workspace went through, the claimed one by default. */
  async trail(machine: string): Promise<readonly State[]> {
    const row = await this.store.read('machines', machine);
    return Object.entries(row?.entered ?? {})
      .toSorted(([, a], [, b]) => a - b)
      .map(([state]) => state as State);
  }

  /** Machines that bill somebody right now. */
  get rented(): readonly string[] {
    return [...this.marketplace.machines.values()]
      .filter((machine) => !machine.destroyed)
      .map((machine) => machine.instance);
  }
}

/** Fake machines are heard over their streams. */
export function hearing(alone: Omit<Ports, 'heartbeats'>): Ports['heartbeats'] {
  return createHeartbeats(alone, {
    url: null,
    sign: (text) => `signed ${text}`,
    serving: () => () => {
      throw new Error('no fake machine forwards a port');
    },
  });
}

export interface RunningEngine {
  readonly engine: Engine;
  stop(): Promise<void>;
}

export const ANA = { by: 'ana', key: null };
export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;

/** A workspace named lab, awake on a machine. */
export async function awake(w: World): Promise<RunningEngine & { machine: FakeMachine }> {
  const running = await w.start();
  await running.engine.create('lab', {}, ANA);
  await running.engine.wake('lab', {}, ANA);
  await w.clock.advance(3 * MINUTE);
  const [view] = await running.engine.status('lab');
  const machine = w.marketplace.machines.get(view?.machine?.instance ?? '');
  if (view?.sight !== 'awake' || !machine) throw new Error(`lab did not wake: ${view?.sight}, ${view?.why}`);
  return { ...running, machine };
}
