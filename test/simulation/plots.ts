import { labelOf } from '../../engine/domain/layout.ts';
import type { State } from '../../engine/domain/lifecycle.ts';
import { hasGpu } from '../../engine/domain/marketplace.ts';
import { type FakeMachine, PROMPT } from '../fakes/machine.ts';
import { WORKSPACE } from './laws/work.ts';
import type { Person } from './person.ts';
import { mannersOf, silence, take } from './weather.ts';
import { MINUTE, SECOND } from './world.ts';

/** What makes this life different from the others, at four places of the common story. */
export interface Plot {
  readonly before?: (person: Person) => Promise<void> | void;
  /** While somebody works on it. */
  readonly awake?: (person: Person) => Promise<void>;
  /** In place of a plain hibernation. */
  readonly sleep?: (person: Person) => Promise<void>;
  /** In place of the second wake. */
  readonly wake?: (person: Person) => Promise<void>;
}

export const PLOTS = {
  plain: {},
  'changes their mind while it wakes': {
    async wake(person) {
      await person.wake();
      await person.world.pass(person.dice.between(0, 70) * SECOND);
      await sleepSoundly(person);
      await wakeUp(person);
    },
  },
  'changes their mind while it falls asleep': {
    async sleep(person) {
      await person.hibernate();
      await person.world.pass(person.dice.between(0, 12) * SECOND);
      await wakeUp(person);
      await person.world.pass(20 * SECOND);
      await sleepSoundly(person);
    },
  },
  'an older snapshot': {
    async wake(person) {
      const all = [...person.world.store.rows('snapshots').keys()];
      if (!(await person.ended(await person.wake(person.dice.pick(all)), 10 * MINUTE))) await wakeUp(person);
    },
  },
  pause: {
    async awake(person) {
      await person.pause();
      await arrives(person, 'paused', 4 * MINUTE);
      await person.world.pass(person.dice.between(0, 60) * SECOND);
      await wakeUp(person);
    },
  },
  'paused, and silent when it is started again': {
    async awake(person) {
      await person.pause();
      await arrives(person, 'paused', 4 * MINUTE);
      const { marketplace } = person.world;
      const { manners } = marketplace;
      marketplace.manners = (offer) => {
        marketplace.manners = manners; // machines that race for it meanwhile behave as they like
        return { ...manners(offer), sshAfterMs: Number.POSITIVE_INFINITY };
      };
      await wakeUp(person);
      await person.world.pass(15 * MINUTE);
    },
  },
  'paused, then asleep': {
    async sleep(person) {
      await person.pause();
      await arrives(person, 'paused', 4 * MINUTE);
      await sleepSoundly(person);
    },
  },
  'paused, and taken away': {
    async awake(person) {
      await person.pause();
      await arrives(person, 'paused', 4 * MINUTE);
      const machine = machineIn(person);
      if (machine) take(person.world, machine);
      await wakeUp(person);
    },
  },
  'silent for a while': {
    async awake(person) {
      away(person, person.dice.between(10, 400), false);
      await person.world.pass(5 * MINUTE);
    },
  },
  'silent while it falls asleep': {
    async sleep(person) {
      const machine = machineIn(person);
      const { world, dice } = person;
      const delay = dice.between(0, 10) * SECOND;
      if (machine) world.clock.after(delay, () => silence(world, machine, dice.between(10, 300) * SECOND, false));
      await sleepSoundly(person);
    },
  },
  'vanishes for a while': {
    async awake(person) {
      away(person, person.dice.between(20, 200), true);
      await person.world.pass(5 * MINUTE);
    },
  },
  'counted as lost, and returns': {
    async awake(person) {
      away(person, person.dice.between(300, 900), true);
      await person.world.pass(16 * MINUTE);
      await wakeUp(person);
    },
  },
  'counted as lost, and returns while nobody wants it': {
    async sleep(person) {
      away(person, person.dice.between(300, 700), true);
      await person.world.pass(person.dice.between(0, 300) * SECOND);
      await sleepSoundly(person);
      await person.world.pass(10 * MINUTE);
    },
  },
  'returns while it is let go': {
    async awake(person) {
      away(person, person.dice.between(105, 135), true);
      await person.world.pass(6 * MINUTE);
      await wakeUp(person);
    },
  },
  'taken away for good': {
    async awake(person) {
      const machine = machineIn(person);
      if (machine) take(person.world, machine);
      await person.world.pass(6 * MINUTE);
      await wakeUp(person);
    },
  },
  'given up while silent': {
    async sleep(person) {
      away(person, 30 * 60, false);
      await person.world.pass(person.dice.between(0, 200) * SECOND);
      await person.ended(await person.abandon(), 10 * MINUTE);
    },
  },
  'given up while it works': {
    async sleep(person) {
      await person.ended(await person.abandon(), 10 * MINUTE);
    },
  },
  'work that no backup holds': {
    async sleep(person) {
      const machine = machineIn(person);
      if (machine) machine.atRisk = [{ kind: 'over-cap', path: 'data/huge', sizeBytes: 11e9, why: 'over the cap' }];
      await person.ended(await person.hibernate(), 10 * MINUTE);
      await person.world.pass(person.dice.between(5, 90) * SECOND);
      if (machine && person.dice.maybe(0.5)) machine.atRisk = [];
      await person.ended(await person.hibernate(['data/huge']), 10 * MINUTE);
    },
  },
  'left idle': {
    async sleep(person) {
      const machine = machineIn(person);
      if (machine) machine.doing = { gpuPercent: 0, cpuPercent: 0, typedAt: null };
      await person.world.pass(30 * MINUTE, () => machine?.destroyed ?? true);
      await sleepSoundly(person);
    },
  },
  'runs a program': {
    async awake(person) {
      const { world, dice } = person;
      const asked = await person.run(dice.maybe(0.5));
      const machine = machineIn(person);
      if (machine) machine.doing = { gpuPercent: 0, cpuPercent: 0, typedAt: null };
      await world.pass(dice.between(60, 300) * SECOND);
      if (asked) for (const one of world.marketplace.machines.values()) one.life?.end(asked.id, dice.pick([0, 0, 1]));
      await person.ended(asked, 10 * MINUTE);
      if (machine) machine.doing = { gpuPercent: 90, cpuPercent: 90, typedAt: null };
      await world.pass(4 * MINUTE);
      await wakeUp(person);
    },
  },
  'racers vanish': {
    before({ world, dice }) {
      world.onRent = (machine) => {
        if (!dice.maybe(0.4)) return;
        world.clock.after(dice.between(2, 40) * SECOND, () => {
          if (machine.claim === null || dice.maybe(0.3))
            silence(world, machine, dice.between(20, 400) * SECOND, dice.maybe(0.7));
        });
      };
    },
  },
  'nobody is ready': {
    before({ world, dice }) {
      const bad = dice.between(3, 10);
      for (let i = 0; i < bad; i += 1)
        world.marketplace.queue.push({ ...mannersOf(dice), sshAfterMs: Number.POSITIVE_INFINITY });
    },
  },
  'lists lag': {
    before({ world, dice }) {
      world.marketplace.listLagMs = dice.between(5, 55) * SECOND;
    },
  },
  'destroying fails': {
    async sleep(person) {
      const { world, dice } = person;
      world.marketplace.destroyFails = true;
      world.clock.after(dice.between(10, 1_200) * SECOND, () => {
        world.marketplace.destroyFails = false;
      });
      await sleepSoundly(person);
    },
  },
  'a machine that no record knows': {
    async awake({ world, dice }) {
      const [offer] = await world.marketplace.offers({});
      world.marketplace.queue.unshift(PROMPT); // one that never answers would be kept until a person gives it up
      const label = labelOf('test', world.newId('m'), dice.maybe(0.4) ? WORKSPACE : 'forgotten');
      if (offer) await world.marketplace.rent(offer, { label } as never, async () => undefined);
      await world.pass(7 * MINUTE);
    },
  },
  'the winner falls silent while it restores': {
    before({ world, dice }) {
      const falls = new Set([1, 2, 3].filter(() => dice.maybe(0.5)));
      let winners = 0;
      world.onFetch = (machine) => {
        winners += 1;
        if (falls.has(winners)) silence(world, machine, dice.between(60, 300) * SECOND, dice.maybe(0.5));
      };
    },
  },
  'taken away, and no GPU to be had': {
    async awake(person) {
      await person.standBy();
      const machine = machineIn(person);
      person.world.marketplace.soldOut = true;
      if (machine) take(person.world, machine);
      await atStandby(person);
    },
  },
  'silent, and back after its standby took over': {
    async awake(person) {
      await person.standBy();
      person.world.marketplace.soldOut = true;
      away(person, person.dice.between(100, 600), person.dice.maybe(0.3));
      await atStandby(person);
    },
  },
  'wakes at its standby': {
    async sleep(person) {
      await person.standBy();
      await sleepSoundly(person);
      person.world.marketplace.soldOut = true;
    },
    async wake(person) {
      await person.wake();
      await atStandby(person);
    },
  },
  'falls asleep at its standby': {
    async awake(person) {
      await person.standBy();
      person.world.marketplace.soldOut = true;
      away(person, person.dice.between(60, 900), true);
      await person.world.pass(person.dice.between(2, 8) * MINUTE);
      await sleepSoundly(person);
      person.world.marketplace.soldOut = false;
      await wakeUp(person);
    },
  },
} as const satisfies Record<string, Plot>;

export type PlotName = keyof typeof PLOTS;

/** Asks until it is awake, or patience ends. */
export async function wakeUp(person: Person): Promise<void> {
  for (let tries = 0; tries < 4; tries += 1) {
    if (await person.ended(await person.wake(), 15 * MINUTE)) return;
    await person.world.pass(20 * SECOND);
  }
}

export async function sleepSoundly(person: Person): Promise<void> {
  for (let tries = 0; tries < 3; tries += 1) {
    if (await person.ended(await person.hibernate(), 20 * MINUTE)) return;
  }
}

/** The machine that holds the workspace. */
function machineIn({ world }: Person): FakeMachine | null {
  const claim = world.store.rows('workspaces').get(WORKSPACE)?.claim;
  return claim ? world.laws.machineOf(world.store.rows('machines').get(claim.machine)) : null;
}

/** Works there for a while; then there are GPUs again. */
async function atStandby({ world, dice }: Person): Promise<void> {
  await world.pass(12 * MINUTE, () =>
    world.laws.rows().some(({ offer, state }) => !hasGpu(offer) && state === 'running'),
  );
  await world.pass(dice.between(1, 5) * MINUTE);
  world.marketplace.soldOut = false;
  await world.pass(dice.between(1, 10) * MINUTE);
}

function away(person: Person, seconds: number, unlist: boolean): void {
  const machine = machineIn(person);
  if (machine) silence(person.world, machine, seconds * SECOND, unlist);
}

async function arrives({ world }: Person, state: State, patienceMs: number): Promise<void> {
  await world.pass(patienceMs, () => world.laws.rows().some((row) => row.state === state));
}
