import { expect } from 'vitest';
import { livingMachine, openEar, runOrder, ticket, write } from './living.ts';
import { resticWorld } from './restic-world.ts';

const { resticTest, stack, world } = await resticWorld();

resticTest('on a backup that storage did not hold as it was said to be nothing is built', async () => {
  const machine = await livingMachine(world, stack, 'refused');
  await using ear = await openEar();
  write(machine, { 'workspace/a': 'first' });
  await machine.run('run', runOrder(world, ear.url));
  const good = (await ear.until((status) => status.taken.length > 0)).taken[0]!;
  await ear.until((status) => status.taken.length === 0);

  ear.answer = { settled: [] };
  write(machine, { 'workspace/b': 'second' });
  const bad = (await ear.until((status) => status.taken.some(({ sequence }) => sequence === 11))).taken.at(-1)!;
  expect(bad).toMatchObject({ parent: good.snapshot });
  ear.answer = { settled: [bad.snapshot], refused: [bad.snapshot], tickets: [ticket(world, 12)] };
  await ear.until((status) => status.taken.length === 0);

  ear.answer = { settled: [], tickets: [ticket(world, 12), ticket(world, 13)] };
  const next = (await ear.until((status) => status.taken.length > 0)).taken[0]!;
  expect(next, 'it builds on what was refused').toMatchObject({ parent: null, manifestBase: null, files: 2 });
});
