import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, vi } from 'vitest';
import type { AgentAnswer } from '../../engine/domain/heartbeat.ts';
import { resticProgram } from '../restic/which-restic.ts';
import { endLife, keepersOf, livingMachine, livingOn, openEar, runOrder, tickets, write } from './living.ts';
import { type Machine, machineIn, restoreOrder } from './machine.ts';
import { resticWorld } from './restic-world.ts';
import { agentProgram } from './which-agent.ts';

const { resticTest, stack, world } = await resticWorld('linux');

const soon = <T>(look: () => T): Promise<T> => vi.waitFor(look, { timeout: 20_000, interval: 20 });
const lifeOf = (machine: Machine, name: string): string => readFileSync(join(machine.home, 'life', name), 'utf8');
const logOf = (machine: Machine): readonly Record<string, unknown>[] =>
  lifeOf(machine, 'log')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

async function anotherLives(machine: Machine, than: number): Promise<number> {
  await soon(() => expect(livingOn(machine).pid).not.toBe(than));
  return livingOn(machine).pid;
}

const AHEAD_MS = 600_000;
/** What an engine says whose clock is ten minutes ahead of the machine's. */
const ahead = (more: Partial<AgentAnswer>): Partial<AgentAnswer> => ({
  ...more,
  get now() {
    return Date.now() + AHEAD_MS;
  },
});

resticTest('killed while the engine is silent, it comes back by itself and goes on backing up', async () => {
  const machine = await livingMachine(world, stack, 'killed');
  await using ear = await openEar();
  write(machine, { 'workspace/a': 'first', 'tmp/job': '' });
  const job = { id: 'op-1', argv: ['sh', '-c', 'while [ -e ../tmp/job ]; do sleep 0.1; done'] }; // must not hold its pipe
  ear.answer = ahead({ jobs: [job], tickets: tickets(world, 8) });
  await machine.run('run', runOrder(world, ear.url, ear.answer));
  const before = await ear.until(({ taken, jobs }) => taken.length > 0 && jobs.length > 0);
  await ear.until(({ taken }) => taken.length === 0);
  ear.answer = null;
  const first = livingOn(machine).pid;
  writeFileSync(join(machine.home, 'life', 'words'), 'FATAL ERROR: out of memory');
  process.kill(first, 'SIGKILL');
  const second = await anotherLives(machine, first);
  expect(lifeOf(machine, 'words.1')).toContain('out of memory');
  expect(logOf(machine).find(({ pid }) => pid === second)).toMatchObject({
    event: 'agent.began',
    after: 'FATAL ERROR: out of memory',
  });

  write(machine, { 'workspace/b': 'second' });
  await soon(() => expect(readdirSync(join(machine.home, 'life', 'outbox'))).toHaveLength(1));
  process.kill(second, 'SIGKILL');
  await anotherLives(machine, second);
  ear.answer = ahead({ tickets: tickets(world, 8, 40) });
  const after = await ear.until(({ taken }) => taken.length > 0);
  expect(after).toMatchObject({ program: before.program, epoch: 1, taken: [{ files: 4, partial: false }] });
  expect(after.jobs).toMatchObject([{ id: 'op-1', state: 'running' }]);
  expect(after.taken[0]!.sequence).toBeGreaterThan(before.taken[0]!.sequence);
  // Its clock is the engine's, also when it was told it by the dead.
  expect(Math.abs(after.taken[0]!.endedAt - Date.now() - AHEAD_MS)).toBeLessThan(AHEAD_MS / 2);
  expect(keepersOf(machine)).toHaveLength(1);
  rmSync(join(machine.root, 'tmp/job'));
});

resticTest('what should not be in its way is said, and it goes on when that is gone', async () => {
  const machine = await livingMachine(world, stack, 'wrong');
  await using ear = await openEar();
  await machine.run('run', runOrder(world, ear.url, { tickets: tickets(world, 8) }));
  const { startedAt } = await ear.until(({ taken }) => taken.length > 0);
  mkdirSync(join(machine.home, 'lock')); // it cannot be read, which no lock ever is
  write(machine, { 'workspace/a': 'first' });
  const failing = await ear.until(({ backup }) => backup.failures > 0);
  expect(failing.backup).toMatchObject({ state: 'failing', failedWhy: expect.stringContaining('EISDIR') });
  rmdirSync(join(machine.home, 'lock'));
  expect(await ear.until(({ taken }) => taken.some(({ files }) => files === 1))).toMatchObject({ startedAt });
});

resticTest('told to stop, it stays so', async () => {
  const machine = await livingMachine(world, stack, 'told');
  await using ear = await openEar();
  await machine.run('run', runOrder(world, ear.url));
  await ear.until(() => true);
  process.kill(livingOn(machine).pid, 'SIGTERM');
  await soon(() => expect(keepersOf(machine)).toEqual([]));
  expect(() => livingOn(machine)).toThrow('ENOENT');
  expect(readdirSync(join(machine.home, 'life')).filter((name) => name.startsWith('lifeline'))).toEqual([]);
  expect(logOf(machine)).toContainEqual(
    expect.objectContaining({ event: 'agent.ended', why: 'told to stop by SIGTERM' }),
  );

  await machine.run('run', runOrder(world, ear.url));
  const [keeper] = keepersOf(machine);
  process.kill(keeper!, 'SIGTERM'); // and so when who keeps it is told
  await soon(() => expect(keepersOf(machine)).toEqual([]));
  await soon(() => expect(() => livingOn(machine)).toThrow('ENOENT'));
});

resticTest('who was replaced does not come back, and who replaced it does', async () => {
  const program = join(world.folder, 'kept.mjs');
  const bytes = readFileSync(agentProgram);
  writeFileSync(program, bytes);
  const machine = machineIn(join(world.folder, 'replaced'), resticProgram!, new Set(), program);
  await machine.run('restore', restoreOrder(world));
  stack.use(endLife(machine));
  await using ear = await openEar();
  await machine.run('run', runOrder(world, ear.url, { plan: null }));
  const older = livingOn(machine).pid;
  const [olderKeeper] = keepersOf(machine);
  const newer = Buffer.concat([bytes, Buffer.from('\n// newer')]);
  const sha256 = createHash('sha256').update(newer).digest('hex');
  world.objects.set('/kept', gzipSync(newer));
  ear.answer = { plan: null, program: { sha256, url: world.url('kept') } };
  await ear.until((status) => status.program === sha256);
  await soon(() => expect(keepersOf(machine)).toEqual([expect.any(Number)]));
  expect(keepersOf(machine)).not.toContain(olderKeeper);

  const second = await anotherLives(machine, older);
  const { startedAt } = await ear.until((status) => status.program === sha256);
  process.kill(second, 'SIGKILL');
  expect(await ear.until((status) => status.startedAt > startedAt)).toMatchObject({ program: sha256 });
  expect(keepersOf(machine)).toHaveLength(1);
});

resticTest('where its program was taken away, nothing is started any more', async () => {
  const program = join(world.folder, 'gone.mjs');
  writeFileSync(program, readFileSync(agentProgram));
  const machine = machineIn(join(world.folder, 'gone'), resticProgram!, new Set(), program);
  await machine.run('restore', restoreOrder(world));
  stack.use(endLife(machine));
  await using ear = await openEar();
  await machine.run('run', runOrder(world, ear.url, { plan: null }));
  await ear.until(() => true);
  rmSync(program);
  process.kill(livingOn(machine).pid, 'SIGKILL');
  await soon(() => expect(keepersOf(machine)).toEqual([]));
});
