import { expect } from 'vitest';
import { livingMachine, livingOn, openEar, runOrder, ticket, write } from './living.ts';
import { type Machine, manifestIn } from './machine.ts';
import { resticWorld } from './restic-world.ts';

const { resticTest, stack, world } = await resticWorld();

const claimed = (name: string, restic?: string): Promise<Machine> => livingMachine(world, stack, name, restic);

resticTest('what is written is in storage at the next tick of the plan, and a quiet tree is left alone', async () => {
  const machine = await claimed('lives');
  await using ear = await openEar();
  write(machine, { 'workspace/a': 'first' });
  const events = await machine.run('run', runOrder(world, ear.url));
  expect(events).toMatchObject([{ event: 'living', already: false, pid: livingOn(machine).pid }]);

  const taken = await ear.until((status) => status.taken.length > 0);
  expect(taken.taken).toMatchObject([{ sequence: 10, draft: 'draft-10', epoch: 1, parent: null, files: 1 }]);
  expect(taken.backup).toMatchObject({ state: 'waiting', changedAt: null, failures: 0 });
  const [head, ...lines] = manifestIn(world, 'draft-10');
  expect(head).toMatchObject({ backup: { snapshot: taken.taken[0]!.snapshot, sequence: 10 } });
  expect(lines.map((line) => line.path)).toEqual(['data', 'root', 'workspace', 'workspace/a']);

  const quiet = await ear.until((status) => status.at > taken.at + 1_000);
  expect(quiet).toMatchObject({ taken: [], tickets: 1, backup: { durableAt: expect.any(Number) } });

  ear.answer = { tickets: [ticket(world, 12)] };
  write(machine, { 'workspace/b': 'second' });
  const next = await ear.until((status) => status.taken.length > 0);
  expect(next.taken).toMatchObject([{ sequence: 11, parent: taken.taken[0]!.snapshot, files: 2 }]);

  const again = await machine.run('run', runOrder(world, ear.url));
  expect(again).toMatchObject([{ event: 'living', already: true, pid: livingOn(machine).pid }]);
});
