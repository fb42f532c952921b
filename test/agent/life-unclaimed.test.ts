import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { resticProgram } from '../restic/which-restic.ts';
import { livingMachine, openEar, runOrder, tickets, write } from './living.ts';
import { openWorld } from './machine.ts';

test.skipIf(resticProgram === null)(
  'when it is not written down any more whose files lie here, backups stop, and that is said until it is',
  async () => {
    await using stack = new AsyncDisposableStack();
    const world = stack.use(await openWorld());
    await using ear = await openEar();
    const machine = await livingMachine(world, stack, 'unclaimed');
    write(machine, { 'workspace/a': 'first' });
    await machine.run('run', runOrder(world, ear.url, { tickets: tickets(world, 8) }));
    await ear.until((status) => status.taken.length === 1);

    const claim = join(machine.home, 'claim.json');
    const text = readFileSync(claim, 'utf8');
    for (const [damage, why] of [
      [() => rmSync(claim), 'it holds no work: its claim.json is gone'],
      [() => writeFileSync(claim, text.slice(0, 5)), /^its claim.json cannot be read: .*JSON/],
      [() => writeFileSync(claim, text.replace('lab', 'other')), 'it holds other'],
    ] as const) {
      damage();
      const said = await ear.until(({ backup }) => backup.state === 'off');
      expect(said.backup.failedWhy).toEqual(typeof why === 'string' ? why : expect.stringMatching(why));
      writeFileSync(claim, text);
      await ear.until(({ backup }) => backup.state === 'waiting' && backup.failedWhy === null);
    }
    write(machine, { 'workspace/b': 'second' });
    await ear.until((status) => status.taken.some(({ files }) => files === 2));
  },
);
