import { expect } from 'vitest';
import { killLife, livingMachine, openEar, runOrder, write } from './living.ts';
import { saveOnce, saveOrder } from './machine.ts';
import { resticWorld } from './restic-world.ts';

const { resticTest, stack, world } = await resticWorld();

resticTest(
  'an order that is older than a backup here is outdated, also when the agent that made it is gone',
  async () => {
    const machine = await livingMachine(world, stack, 'outdated');
    await using ear = await openEar();
    write(machine, { 'workspace/a': 'first' });
    await machine.run('run', runOrder(world, ear.url));
    await ear.until((status) => status.taken.length > 0);
    const older = saveOrder(world, { sequence: 9 });
    const outdated = [{ event: 'failed', code: 'order_outdated', why: 'number 10 was used here, and this is 9' }];
    expect(await machine.run('save', older)).toEqual(outdated);
    killLife(machine);
    expect(await machine.run('save', older)).toEqual(outdated);
    expect(await saveOnce(world, machine, { sequence: 12 })).toMatchObject({ snapshot: expect.any(String) });
  },
);

resticTest(
  'a line of an ignore file that can never match is said with every heartbeat, until it is mended',
  async () => {
    const machine = await livingMachine(world, stack, 'bad-lines');
    await using ear = await openEar();
    write(machine, { 'workspace/.dumontignore': '# mine\n*.tmp\n[never\n', 'workspace/a.tmp': '', 'workspace/a': 'a' });
    await machine.run('run', runOrder(world, ear.url));
    const said = await ear.until((status) => status.taken.length > 0);
    expect(said.taken).toMatchObject([{ files: 2 }]);
    const line = { file: 'workspace/.dumontignore', number: 3, line: '[never' };
    expect(said.backup.badLines).toEqual([{ ...line, why: expect.stringContaining('bracket') }]);
    write(machine, { 'workspace/.dumontignore': '*.tmp\n' });
    await ear.until((status) => status.backup.badLines?.length === 0);
  },
);
