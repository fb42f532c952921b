import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { resticProgram } from '../restic/which-restic.ts';
import { livingMachine, openEar, runOrder, write } from './living.ts';
import { resticWorld } from './restic-world.ts';

const { resticTest, stack, world } = await resticWorld('linux');

/** The nice value and, where it can be asked for, the turn at the disk. */
const PRIORITY = 'nice; ionice -p $$ 2>/dev/null || true';

resticTest('backups give way to people, and what people run has the priority of a login', async () => {
  const own = execFileSync('/bin/sh', ['-c', PRIORITY], { encoding: 'utf8' });
  const noted = join(world.folder, 'noted-priority');
  const restic = join(world.folder, 'noting-restic');
  writeFileSync(restic, `#!/bin/sh\n{ ${PRIORITY}; } > ${noted}\nexec ${resticProgram} "$@"\n`, { mode: 0o755 });
  const machine = await livingMachine(world, stack, 'priority', restic);
  await using ear = await openEar();
  write(machine, { 'workspace/a': 'first' });
  const jobs = [{ id: 'train', argv: ['/bin/sh', '-c', PRIORITY] }];
  await machine.run('run', runOrder(world, ear.url, { jobs }));
  const ended = await ear.until((status) => status.jobs.some(({ state }) => state === 'ended'));
  expect(ended.jobs[0]?.tail).toBe(own);
  await ear.until((status) => status.taken.length > 0);
  const [nice, turn] = readFileSync(noted, 'utf8').trim().split('\n');
  expect(Number(nice)).toBe(Math.max(getPriority(), 10));
  if (turn) expect(turn).toBe('idle');
});
