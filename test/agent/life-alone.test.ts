import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { afterWakeJob } from '../../engine/domain/after-wake.ts';
import type { JobOrder } from '../../engine/domain/heartbeat.ts';
import { resticProgram } from '../restic/which-restic.ts';
import { livingMachine, openEar, runOrder, ticket, write } from './living.ts';
import { type Machine, openWorld } from './machine.ts';

/** Falls asleep at once, and hears nothing of what else goes on on the computer. */
const idle = {
  ...{ hibernate: true, idleMs: 1, graceMs: 0, firstMs: 0, attachedMs: 0, unknownMs: 0 },
  ...{ gpuBusyPercent: 101, gpuMemoryMovedMb: 1e9, cpuBusyPercent: 1e9 },
  ...{ diskBusyBytesPerSecond: 1e15, networkBusyBytesPerSecond: 1e15 },
};

test.skipIf(resticProgram === null)(
  "alone, it goes on for a person's job, and not for the command that is run after each wake",
  async () => {
    await using stack = new AsyncDisposableStack();
    const world = stack.use(await openWorld());
    await using ear = await openEar();
    const machine = await livingMachine(world, stack, 'alone');
    write(machine, { 'workspace/a': 'first', 'tmp/server': '', 'tmp/training': '' });
    const jobs = [runsWhile('server', afterWakeJob(1)), runsWhile('training', 'op-1')];
    const watchdog = {
      silentMs: 500,
      ticket: ticket(world, 50),
      end: null,
      itself: null,
      proofUrl: world.url('proof'),
    };
    const plan = { everyMs: 3_600_000, include: [], exclude: [], fileBytesMax: 1e9 };
    ear.answer = { plan, idle, jobs, watchdog };
    await machine.run('run', runOrder(world, ear.url, ear.answer));
    await ear.until((status) => status.jobs.filter(({ state }) => state === 'running').length === 2);
    ear.answer = null;
    expect((await logged(machine, 'watchdog.stays')).why).toBe('op-1 runs');

    rmSync(join(machine.root, 'tmp/training'));
    expect(await logged(machine, 'watchdog.saved')).toHaveProperty('snapshot');
    expect(existsSync(join(machine.root, 'tmp/server'))).toBe(true);
  },
  60_000,
);

/** Ends when the file does, and so with the machine. */
const runsWhile = (file: string, id: string): JobOrder => ({
  id,
  argv: ['sh', '-c', `while [ -e ../tmp/${file} ]; do sleep 0.1; done`],
});

async function logged(machine: Machine, event: string): Promise<Record<string, unknown>> {
  for (;;) {
    const lines = readFileSync(join(machine.home, 'life', 'log'), 'utf8')
      .trim()
      .split('\n');
    const found = lines.map((line) => JSON.parse(line)).findLast((line) => line.event === event);
    if (found) return found;
    await sleep(50);
  }
}
