import { settle } from '../fakes/clock.ts';
import { restIn } from './calm.ts';
import { Dice } from './dice.ts';
import type { Hit, Target } from './gate.ts';
import type { Broken } from './laws.ts';
import { Person } from './person.ts';
import { PLOTS, type Plot, type PlotName, sleepSoundly, wakeUp } from './plots.ts';
import { mannersOf } from './weather.ts';
import { type Breach, MINUTE, SECOND, SimulatedWorld } from './world.ts';

/** Everything that makes one life what it is. */
export interface Plan {
  readonly seed: string;
  readonly plot: PlotName;
  readonly targets: readonly Target[];
}

export interface Lived {
  readonly broken: Broken | null;
  readonly hits: readonly Hit[];
  /** Per state, per call. */
  readonly counts: ReadonlyMap<string, ReadonlyMap<string, number>>;
  readonly story: readonly string[];
  readonly backups: number;
}

/** One workspace from its creation to its rest: awake, backed up three times, asleep, awake again, and what comes between. */
export async function live(
  plan: Plan,
  options: { readonly breach?: Breach; readonly tracing?: boolean } = {},
): Promise<Lived> {
  const world = new SimulatedWorld(plan.seed, plan.targets, options.breach, options.tracing);
  const person = new Person(world);
  const weather = new Dice(`${plan.seed} weather`);
  world.marketplace.manners = () => mannersOf(weather);
  world.boot();
  await tell(person, PLOTS[plan.plot]);
  await restIn(world);
  const { broken } = world.laws;
  for (const process of world.processes) process.bury();
  await settle();
  return {
    broken,
    hits: world.gate.hits,
    counts: world.gate.counts,
    story: world.story ?? [],
    backups: world.laws.history.saved.size,
  };
}

async function tell(person: Person, plot: Plot): Promise<void> {
  const { world, dice } = person;
  const scenes = [
    () => plot.before?.(person),
    () => person.create(),
    () => person.work(),
    () => wakeUp(person),
    () => backUp(person, 3),
    () => plot.awake?.(person),
    () => (plot.sleep ?? sleepSoundly)(person),
    () => world.pass(dice.tail(0, 60) * SECOND),
    () => (plot.wake ?? wakeUp)(person),
    () => world.pass(dice.between(5, 60) * SECOND),
    () => (dice.maybe(0.8) ? person.hibernate() : undefined),
  ];
  for (const scene of scenes) if (!world.laws.broken) await scene();
}

async function backUp(person: Person, count: number): Promise<void> {
  for (let tries = 0, done = 0; done < count && tries < 2 * count; tries += 1) {
    await person.world.pass(person.dice.between(4, 25) * SECOND);
    if (await person.ended(await person.snapshot(), 4 * MINUTE)) done += 1;
  }
}
