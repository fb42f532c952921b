import type { Asked, Engine } from '../../engine/domain/doors.ts';
import { isFailure, reasonOf } from '../../engine/domain/failures.ts';
import type { Operation } from '../../engine/domain/operation.ts';
import { Dice } from './dice.ts';
import { WORKSPACE } from './laws/work.ts';
import { context } from './process.ts';
import { MINUTE, SECOND, type SimulatedWorld } from './world.ts';

type Verb = (engine: Engine, asked: Asked) => Promise<Operation>;
type Answer = { readonly operation: Operation } | { readonly cause: unknown };

/** Somebody with a workspace. They ask, wait with limited patience, ask again, and work wherever they can. */
export class Person {
  readonly dice: Dice;
  readonly world: SimulatedWorld;
  #asked = 0;
  #written = 0;

  constructor(world: SimulatedWorld) {
    this.world = world;
    this.dice = new Dice(`${world.seed} person`);
  }

  async create(): Promise<void> {
    await this.#insist(async (engine, { by }) => {
      const known = await engine.status(null);
      if (known.length === 0) await engine.create(WORKSPACE, {}, { by, key: null });
      return ENOUGH;
    }, 1);
  }

  /** Asks until somebody answers, always with the same key; several clicks at once when in a hurry. Null: it was refused. */
  async ask(say: string, verb: Verb, clicks = this.dice.maybe(0.1) ? 2 : 1): Promise<Operation | null> {
    this.world.trace(() => `ana asks: ${say}`);
    return await this.#insist(verb, clicks);
  }

  wake(snapshot?: string): Promise<Operation | null> {
    return this.ask(`wake ${snapshot?.slice(0, 8) ?? ''}`, (engine, asked) =>
      engine.wake(WORKSPACE, snapshot === undefined ? {} : { snapshot, setAside: true }, asked),
    );
  }

  hibernate(agreedToLose: readonly string[] = []): Promise<Operation | null> {
    return this.ask('hibernate', (engine, asked) => engine.hibernate(WORKSPACE, { agreedToLose }, asked));
  }

  snapshot(): Promise<Operation | null> {
    return this.ask('snapshot', (engine, asked) => engine.snapshot(WORKSPACE, { description: 'asked' }, asked));
  }

  run(thenHibernate: boolean): Promise<Operation | null> {
    return this.ask('run', (engine, asked) => engine.run(WORKSPACE, { argv: ['./train'], thenHibernate }, asked));
  }

  abandon(): Promise<Operation | null> {
    this.world.laws.work.agreed = true;
    return this.ask('abandon', (engine, asked) => engine.abandon(WORKSPACE, { why: 'no use' }, asked));
  }

  /** Agrees to what a machine without a GPU costs. */
  async standBy(): Promise<void> {
    this.world.trace(() => 'ana asks: standby');
    await this.#insist(async (engine, asked) => {
      await engine.standBy(WORKSPACE, { on: true, agreedDollarsPerMonth: 1_000 }, asked);
      return ENOUGH;
    }, 1);
  }

  pause(): Promise<Operation | null> {
    return this.ask('pause', (engine, asked) => engine.pause(WORKSPACE, asked));
  }

  /** Waits for the end of what was asked; true when it went well. */
  async ended(operation: Operation | null, patienceMs: number): Promise<boolean> {
    if (!operation) return false;
    const row = () => this.world.store.rows('operations').get(operation.id);
    await this.world.pass(patienceMs, () => row()?.endedAt !== null);
    return row()?.outcome?.ok ?? false;
  }

  /** Works from now on, on every machine that people were ever let in to: also where nobody should any more. */
  work(): void {
    this.world.clock.after(this.dice.between(3, 14) * SECOND, () => this.work());
    for (const row of this.world.store.rows('machines').values()) {
      if (row.entered.running === undefined) continue;
      const machine = this.world.laws.machineOf(row);
      if (!machine?.usable || machine.frozen) continue;
      const path = this.dice.pick(PATHS);
      if (this.dice.maybe(0.12) && machine.erase(path)) continue;
      this.#written += 1;
      machine.write(path, `w${this.#written}`);
    }
  }

  async #insist(verb: Verb, clicks: number): Promise<Operation | null> {
    this.#asked += 1;
    const asked = { by: 'ana', key: `click ${this.#asked}` };
    const { world, dice } = this;
    for (let tries = 0; tries < 20 && !world.laws.broken; tries += 1) {
      await world.pass(5 * MINUTE, () => world.engine !== null);
      const engine = world.engine?.engine;
      if (!engine) continue;
      const answers: Answer[] = [];
      for (let click = 0; click < clicks; click += 1) {
        context
          .run('ask', () => verb(engine, asked))
          .then(
            (operation) => answers.push({ operation }),
            (cause: unknown) => answers.push({ cause }),
          );
      }
      await world.pass(30 * SECOND, () => answers.length === clicks);
      const [answer] = answers;
      if (answer && 'operation' in answer) return this.#same(answers, answer.operation);
      if (answer) {
        world.trace(() => `ana hears: ${reasonOf(answer.cause)}`);
        if (!isFailure(answer.cause)) world.laws.bug('an answer', answer.cause);
        else if (!answer.cause.row.retry && answer.cause.code !== 'disk_full') return null;
      }
      await world.pass(dice.between(1, 15) * SECOND);
    }
    return null;
  }

  /** However often the same thing is asked, it is one operation. */
  #same(answers: readonly Answer[], operation: Operation): Operation {
    for (const other of answers) {
      if ('operation' in other && other.operation.id !== operation.id)
        this.world.laws.breaks(4, `one click began ${operation.id} and ${other.operation.id}`);
    }
    return operation;
  }
}

const ENOUGH = {} as Operation;

const PATHS = ['root/notes', 'workspace/model.py', 'workspace/weights', 'data/set'] as const;
