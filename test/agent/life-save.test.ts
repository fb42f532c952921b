import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { livingMachine, openEar, runOrder, ticket, write } from './living.ts';
import { gatedRestic, saveOrder } from './machine.ts';
import { resticWorld } from './restic-world.ts';

const { resticTest, stack, world } = await resticWorld();

resticTest(
  'a save lets the backup that runs come to its end, and no other begins before the save is over',
  async () => {
    const gate = gatedRestic(world, 'backup');
    const machine = await livingMachine(world, stack, 'aside', gate.program);
    await using ear = await openEar();
    write(machine, { 'workspace/a': 'first' });
    await machine.run('run', runOrder(world, ear.url));
    await gate.reached();
    const holder = (): string => JSON.parse(readFileSync(join(machine.home, 'lock'), 'utf8')).what;
    expect(holder()).toBe('a backup');

    const save = machine.start('save', saveOrder(world, { sequence: 11 }));
    await ear.until((status) => status.backup.state === 'running');
    expect(save.events.filter((event) => event.event !== 'progress')).toEqual([]);
    gate.open();
    const saved = await save.until('saved');
    const taken = ear.heard.flatMap((status) => status.taken)[0]!;
    expect(saved.parent).toBe(taken.snapshot);

    write(machine, { 'workspace/b': 'while it is saved' });
    const changed = await ear.until((status) => status.backup.filesPending > 0 || status.at > Date.now() + 500);
    expect(changed).toMatchObject({ taken: [], tickets: 0 }); // the save has passed number 11
    ear.answer = { tickets: [ticket(world, 12)] };
    const waiting = await ear.until((status) => status.tickets === 1);
    expect([holder(), waiting.taken]).toEqual(['a save', []]);
    save.say({ say: 'verdict', processes: 'continue' });
    await save.ended;
    const next = await ear.until((status) => status.taken.length > 0);
    expect(next.taken).toMatchObject([{ sequence: 12, parent: saved.snapshot, files: 2 }]);
  },
);

resticTest('a last save that ends with everything stopped is followed by no backup', async () => {
  const machine = await livingMachine(world, stack, 'kept');
  await using ear = await openEar();
  write(machine, { 'workspace/a': 'first' });
  await machine.run(
    'run',
    runOrder(world, ear.url, { plan: { everyMs: 60_000, include: [], exclude: [], fileBytesMax: 1e9 } }),
  );
  await ear.until((status) => status.taken.length > 0);
  const save = machine.start('save', saveOrder(world, { mode: 'last', sequence: 20 }));
  await save.until('saved');
  save.say({ say: 'verdict', processes: 'keep-stopped' });
  await save.until('kept_stopped');
  await save.ended;
  const off = await ear.until((status) => status.backup.state === 'off');
  expect(off.tickets).toBe(0);
  expect(existsSync(join(machine.home, 'lock'))).toBe(false);
});
