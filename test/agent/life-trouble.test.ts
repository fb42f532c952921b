import { spawnSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { resticProgram } from '../restic/which-restic.ts';
import { endLife, livingMachine, livingOn, openEar, runOrder, tickets, write } from './living.ts';
import { lockedBy } from './locked-by.ts';
import { restoreOrder, saveOrder } from './machine.ts';
import { resticWorld } from './restic-world.ts';

const { resticTest, stack, world } = await resticWorld('linux');

resticTest(
  'where the path of a socket would be too long for the kernel, the agent is reached all the same',
  async () => {
    const machine = world.machineAt(join(world.folder, 'deep'.repeat(20), 'er'.repeat(20), 'machine'));
    await machine.run('restore', restoreOrder(world));
    stack.use(endLife(machine));
    await using ear = await openEar();
    write(machine, { 'workspace/a': 'first' });
    expect(await machine.run('run', runOrder(world, ear.url))).toMatchObject([{ event: 'living', already: false }]);
    expect(Buffer.byteLength(livingOn(machine).socket)).toBeLessThan(108);
    await ear.until((status) => status.taken.length > 0);
    expect(await machine.run('run', runOrder(world, ear.url))).toMatchObject([{ event: 'living', already: true }]);
    // A save asks it to stand aside, and so hears what number it used.
    const outdated = await machine.run('save', saveOrder(world, { sequence: 9 }));
    expect(outdated).toMatchObject([{ event: 'failed', code: 'order_outdated' }]);
  },
);

/** One that waits for a lock only a second. */
function impatientRestic(): string {
  const program = join(world.folder, 'impatient-restic');
  const args = 'for arg do shift; if [ "$arg" = 2m ]; then arg=1s; fi; set -- "$@" "$arg"; done';
  writeFileSync(program, `#!/bin/sh\n${args}\nexec ${resticProgram} "$@"\n`, { mode: 0o755 });
  return program;
}

resticTest(
  'a lock of a restic that was killed is taken away, and one of a restic that lives is respected',
  async () => {
    const machine = await livingMachine(world, stack, 'locked', impatientRestic());
    await using ear = await openEar();
    write(machine, { 'workspace/a': 'first' });
    const holder = await lockedBy(world);
    try {
      await machine.run('run', runOrder(world, ear.url, { tickets: tickets(world, 20) }));
      const failing = await ear.until((status) => status.backup.failures > 0);
      expect(failing.backup.failedWhy).toMatch(/already locked|unable to create lock/);
      expect(failing.taken).toEqual([]);
    } finally {
      holder.kill('SIGKILL');
    }
    const taken = await ear.until((status) => status.taken.length > 0);
    expect(taken.backup).toMatchObject({ failures: 0, failedWhy: null });
    expect(readdirSync(join(world.repository.url, 'locks'))).toEqual([]);
  },
);

const possible = resticProgram !== null && spawnSync('unshare', ['--mount', 'true']).status === 0;
if (!possible) console.warn('SKIPPED: nothing can be mounted here, so that a full disk is not tried');

test.skipIf(!possible)(
  'on a full disk it goes on to be heard, says why it cannot back up, and does when it can',
  () => {
    const program = join(import.meta.dirname, 'full-disk-scenario.ts');
    const { stdout, stderr } = spawnSync(
      'unshare',
      ['--pid', '--fork', '--mount', '--kill-child', process.execPath, program],
      {
        encoding: 'utf8',
        timeout: 25_000,
        killSignal: 'SIGKILL',
      },
    );
    expect(stderr).toBe('');
    const { full, heard, after } = JSON.parse(stdout);
    expect(full).toMatchObject({ state: 'failing', failedWhy: expect.stringMatching(/ENOSPC|no space left/i) });
    expect(heard, 'heartbeats while it was full').toBeGreaterThan(5);
    expect(after).toMatchObject({ backup: { state: 'waiting', failures: 0, failedWhy: null } });
    expect(after.taken).toMatchObject([{ files: 2, partial: false }]);
  },
);
