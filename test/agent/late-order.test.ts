import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { resticProgram } from '../restic/which-restic.ts';
import { openWorld, restoreOrder, saveOnce, saveOrder } from './machine.ts';

const resticTest = test.skipIf(resticProgram === null);

resticTest('an order from before the last save that was believed is refused, and nothing goes on', async () => {
  await using world = await openWorld();
  const machine = world.machine('late');
  await machine.run('restore', restoreOrder(world));
  const list = { kept: true, sequence: 5, processes: [] };
  writeFileSync(join(machine.home, 'stopped.json'), JSON.stringify(list));
  const late = await machine.run('save', saveOrder(world, { sequence: 4 }));
  expect(late).toMatchObject([{ event: 'failed', code: 'bad_request' }]);
  expect(JSON.parse(readFileSync(join(machine.home, 'stopped.json'), 'utf8'))).toEqual(list);
  expect((await saveOnce(world, machine, { sequence: 6 })).snapshot).not.toBeNull();
});
