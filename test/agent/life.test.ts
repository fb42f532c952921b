import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { resticProgram } from '../restic/which-restic.ts';
import { endLife, livingOn, openEar, runOrder, ticket } from './living.ts';
import { type Machine, manifestIn, openWorld, restoreOrder, type World } from './machine.ts';

const resticTest = test.skipIf(resticProgram === null);
const stack = new AsyncDisposableStack();
afterAll(() => stack.disposeAsync());
let world: World;

beforeAll(async () => {
  if (resticProgram !== null) world = stack.use(await openWorld());
});

async function claimed(name: string, restic?: string): Promise<Machine> {
  const machine = world.machine(name, restic);
  await machine.run('restore', restoreOrder(world));
  stack.use(endLife(machine));
  return machine;
}

function write(machine: Machine, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(machine.root, path, '..'), { recursive: true });
    writeFileSync(join(machine.root, path), text);
  }
}

resticTest('what is written is in storage at the next tick of the plan, and a quiet tree is left alone', async () => {
  const machine = await claimed('lives');
  await using ear = await openEar();
  write(machine, { 'workspace/a': 'first' });
  const events = await machine.run('run', runOrder(world, ear.url));
  expect(events).toMatchObject([{ event: 'living', already: false, pid: livingOn(machine).pid }]);

  const taken = await ear.until((status) => status.taken.length > 0);
  expect(taken.taken).toMatchObject([{ sequence: 10, draft: 'draft-10', epoch: 1, parent: null, files: 1 }]);
  expect(taken.backup).toMatchObject({ state: 'waiting', changedAt: null, failures: 0 });
  expect(manifestIn(world, 'draft-10').map((line) => line.path)).toEqual(['data', 'root', 'workspace', 'workspace/a']);

  const quiet = await ear.until((status) => status.at > taken.at + 1_000);
  expect(quiet).toMatchObject({ taken: [], tickets: 1, backup: { durableAt: expect.any(Number) } });

  ear.answer = { tickets: [ticket(world, 12)] };
  write(machine, { 'workspace/b': 'second' });
  const next = await ear.until((status) => status.taken.length > 0);
  expect(next.taken).toMatchObject([{ sequence: 11, parent: taken.taken[0]!.snapshot, files: 2 }]);

  const again = await machine.run('run', runOrder(world, ear.url));
  expect(again).toMatchObject([{ event: 'living', already: true, pid: livingOn(machine).pid }]);
});
