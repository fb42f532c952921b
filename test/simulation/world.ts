import type { Talk } from '../../engine/domain/events.ts';
import type { Log, Ports } from '../../engine/domain/ports.ts';
import { DEFAULTS, type Settings } from '../../engine/domain/settings.ts';
import { createEngine } from '../../engine/engine.ts';
import { PARTS, type Parts } from '../../engine/parts.ts';
import { createTelling } from '../../engine/process/telling.ts';
import { supervise } from '../../engine/supervise.ts';
import { keepSweeping } from '../../engine/sweep.ts';
import { FakeClock } from '../fakes/clock.ts';
import type { FakeMachine } from '../fakes/machine.ts';
import { FakeMarketplace, standardOffers } from '../fakes/marketplace.ts';
import { FakeStorage } from '../fakes/storage.ts';
import { FakeJournals, FakeStore } from '../fakes/store.ts';
import { Dice } from './dice.ts';
import { Gate, type Target } from './gate.ts';
import { Laws } from './laws.ts';
import { portsOf } from './ports.ts';
import { context, Process } from './process.ts';

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;

/** What a law-breaker changes. */
export interface Breach {
  readonly parts?: (parts: Parts) => Parts;
  readonly ports?: (ports: Ports) => Ports;
}

/** Everything outside the engine, in memory, under one clock and one seed; and the engine processes that come and go in it. */
export class SimulatedWorld {
  readonly seed: string;
  readonly clock = new FakeClock();
  readonly store = new FakeStore();
  readonly journals = new FakeJournals();
  readonly storage = new FakeStorage();
  readonly marketplace: FakeMarketplace;
  readonly settings: Settings = SETTINGS;
  readonly processes: Process[] = [];
  readonly gate: Gate;
  readonly laws: Laws;
  readonly random: () => number;
  readonly story: string[] | null;
  readonly overMs: number[] = [];
  /** What happens to machines when they have been rented. */
  onRent: (machine: FakeMachine) => void = () => undefined;
  readonly #began: number;
  readonly #dice: Dice;
  readonly #breach: Breach;
  #ids = 0;
  #booting = false;

  /** What happens to machines when they begin to restore. */
  onFetch: (machine: FakeMachine) => void = () => undefined;

  constructor(seed: string, targets: readonly Target[], breach: Breach = {}, tracing = false) {
    this.seed = seed;
    this.#began = this.clock.now();
    this.#dice = new Dice(`${seed} trouble`);
    this.random = new Dice(`${seed} ports`).roll;
    this.story = tracing ? [] : null;
    this.#breach = breach;
    this.marketplace = new FakeMarketplace(this.clock, this.storage, OFFERS);
    this.gate = new Gate(targets, new Dice(`${seed} faults`), this.clock, this, (line) => this.trace(line));
    this.laws = new Laws(this);
  }

  /** Lines are only put together when somebody reads them. */
  trace(line: () => string): void {
    if (!this.story) return;
    const seconds = ((this.clock.now() - this.#began) / SECOND).toFixed(1);
    this.story.push(`${seconds.padStart(8)}  ${line()}`);
  }

  newId(prefix: string): string {
    this.#ids += 1;
    return `${prefix}${this.#ids}`;
  }

  /** Lets time go by; false when `until` did not come true. A broken law ends the waiting. */
  async pass(ms: number, until: () => boolean = () => false): Promise<boolean> {
    await this.clock.advance(ms, () => this.laws.broken !== null || until());
    return until();
  }

  /** The engine that people talk to now. */
  get engine(): Process | null {
    return this.processes.findLast((process) => process.runs && process.engine !== null) ?? null;
  }

  /** Starts an engine on what is there. */
  boot(): Process {
    const process = new Process(`engine ${this.processes.length + 1}`, this.clock);
    this.processes.push(process);
    this.trace(() => `${process.name} starts`);
    context.run('start', () => this.#run(process)).catch((cause: unknown) => this.laws.bug('the engine ended', cause));
    return process;
  }

  async #run(process: Process): Promise<void> {
    const ports = (this.#breach.ports ?? ((same) => same))(portsOf(process, this));
    const parts = (this.#breach.parts ?? ((same) => same))(PARTS);
    const telling = await createTelling(ports.journals, ports.clock, ports.bell, ports.log).catch(() => null);
    if (!telling) return this.kill(process); // it exits, and is started again
    process.telling = telling;
    process.engine = createEngine(ports, telling, null);
    const { signal } = process.stopping;
    const loops = [
      context.run('supervise', () => supervise(ports, signal, labelled(parts))),
      context.run('sweep', () => keepSweeping(ports, signal)),
    ];
    await Promise.all(loops).catch((cause: unknown) => {
      if (!signal.aborted) throw cause;
    });
  }

  /** As `kill -9`. Somebody starts another one. */
  kill(process: Process): void {
    if (process.dead) return;
    this.trace(() => `${process.name} is killed`);
    process.kill();
    this.#bootSoon(this.#dice.tail(1, 100) * SECOND);
  }

  /** It stands still for longer than its leases last; another takes over; then it goes on as if nothing had happened. */
  freeze(process: Process): void {
    if (!process.runs) return;
    const ms = this.#dice.between(61, 200) * SECOND;
    this.trace(() => `${process.name} freezes for ${ms / SECOND} s`);
    process.freeze();
    this.#bootSoon(this.#dice.between(1, 50) * SECOND);
    this.clock.after(ms, () => this.thaw(process));
  }

  thaw(process: Process): void {
    if (process.dead || !process.frozen) return;
    this.trace(() => `${process.name} goes on`);
    process.thaw();
    this.clock.after(this.#dice.between(5, 120) * SECOND, () => this.retire(process));
  }

  /** Ends an engine beside which another one runs. */
  retire(process: Process): void {
    if (process.dead || process.stopping.signal.aborted) return;
    if (!this.processes.some((other) => other !== process && other.works)) return;
    if (this.#dice.maybe(0.5)) {
      this.kill(process);
      return;
    }
    this.trace(() => `${process.name} stops`);
    process.stopping.abort(new Error('the engine stops'));
    process.engine = null;
  }

  told(process: Process, talk: Talk): void {
    if (process.dead) return;
    this.trace(() => `told: ${JSON.stringify(talk)}`);
    process.telling?.tell(talk);
    this.laws.told(talk);
  }

  readonly logged = (process: Process, ...[event, facts = {}, level = 'INFO']: Parameters<Log>): void => {
    if (process.dead) return;
    this.trace(() => `${process.name} ${level} ${event} ${JSON.stringify(facts)}`);
    // A journal that cannot be written has nowhere else to say so.
    if (level === 'ERROR' && event !== 'event.not_kept') this.laws.bug(event, facts.stack ?? facts.why);
  };

  #bootSoon(ms: number): void {
    if (this.#booting) return;
    this.#booting = true;
    this.clock.after(ms, () => {
      this.#booting = false;
      if (!this.processes.some((process) => process.works)) this.boot();
    });
  }
}

/** As in a real installation, with a smaller race: what a law needs is that there are losers. */
const SETTINGS: Settings = {
  ...DEFAULTS,
  installation: 'test',
  race: { ...DEFAULTS.race, batch: 2, billedMax: 6 },
  watch: { ...DEFAULTS.watch, bootPollMs: 4 * SECOND },
  agent: { ...DEFAULTS.agent, heartbeatMs: MINUTE, silentMs: 150 * SECOND, backupEveryMs: 75 * SECOND },
  // Lives are short: what takes days elsewhere takes minutes here.
  retention: {
    ...DEFAULTS.retention,
    ladder: [
      { untilMs: 20 * SECOND, everyMs: 1 },
      { untilMs: Number.POSITIVE_INFINITY, everyMs: 10 * MINUTE },
    ],
  },
  upkeep: { ...DEFAULTS.upkeep, everyMs: 30 * SECOND, retryMs: 10 * SECOND, compactAfter: 1, joinAfter: 2 },
  standby: { ...DEFAULTS.standby, lookMs: 3 * MINUTE },
  idle: { ...DEFAULTS.idle, firstMs: 2 * MINUTE, idleMs: 2 * MINUTE, graceMs: 90 * SECOND },
};

const OFFERS = standardOffers(14);

/** Marks what each state and the race call, for as long as they go on. */
function labelled(parts: Parts): Parts {
  const entries = Object.entries(parts.steps).map(([state, step]) => {
    const labelledStep: typeof step = (...given) => {
      context.enterWith(state);
      return step(...given);
    };
    return [state, labelledStep];
  });
  return {
    steps: Object.fromEntries(entries) as Parts['steps'],
    decide(sight) {
      context.enterWith('race');
      return parts.decide(sight);
    },
    upkeep(...given) {
      context.enterWith('upkeep');
      return parts.upkeep(...given);
    },
  };
}
