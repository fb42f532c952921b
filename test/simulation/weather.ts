import { type FakeMachine, type Manners, PROMPT } from '../fakes/machine.ts';
import type { Dice } from './dice.ts';
import { SECOND, type SimulatedWorld } from './world.ts';

/** How rented machines are: mostly prompt, some slow, some never there, some broken. */
export function mannersOf(dice: Dice): Manners {
  const loadingMs = dice.maybe(0.06) ? dice.between(60, 300) * SECOND : dice.tail(2, 20) * SECOND;
  const never = dice.maybe(0.04);
  return {
    ...PROMPT,
    loadingMs,
    sshAfterMs: never ? Number.POSITIVE_INFINITY : loadingMs + dice.tail(0, 9) * SECOND,
    toolsMs: dice.maybe(0.03) ? Number.POSITIVE_INFINITY : dice.tail(0, 6) * SECOND,
    usableMs: dice.maybe(0.03) ? dice.between(100, 200) * SECOND : dice.tail(500, 8_000),
    completeMs: dice.tail(1_000, 60_000),
    saveMs: dice.tail(500, 9_000),
    gpuDead: dice.maybe(0.03),
    exitsAtMs: dice.maybe(0.03) ? dice.between(1, 15) * SECOND : null,
  };
}

/** It falls silent for a while; with `unlist` the marketplace does not show it meanwhile either. */
export function silence(world: SimulatedWorld, machine: FakeMachine, ms: number, unlist: boolean): void {
  world.trace(() => `${machine.instance} ${unlist ? 'vanishes' : 'falls silent'} for ${ms / SECOND} s`);
  world.laws.wasAway.add(machine);
  if (unlist) machine.vanished = true;
  else machine.unreachable = true;
  world.clock.after(ms, () => comeBack(world, machine));
}

export function comeBack(world: SimulatedWorld, machine: FakeMachine): void {
  if (!machine.vanished && !machine.unreachable && !machine.unlisted) return;
  world.trace(() => `${machine.instance} is back`);
  machine.vanished = false;
  machine.unreachable = false;
  machine.unlisted = false;
}

/** Its host takes it away for good. */
export function take(world: SimulatedWorld, machine: FakeMachine): void {
  world.trace(() => `${machine.instance} is taken away for good`);
  world.laws.wasAway.add(machine);
  world.marketplace.take(machine.instance);
}
