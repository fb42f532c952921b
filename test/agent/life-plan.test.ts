import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { expect, vi } from 'vitest';
import { lockHolder } from '../../engine/agent/lock.ts';
import { placeAt } from '../../engine/agent/place.ts';
import { resticProgram } from '../restic/which-restic.ts';
import { answer, livingMachine, livingOn, openEar, runOrder, tickets, write } from './living.ts';
import { saveOrder } from './machine.ts';
import { resticWorld } from './restic-world.ts';

const { resticTest, stack, world } = await resticWorld('linux');

/** A restic with something before it; each has its own words in the environment's stead. */
function resticAfter(name: string, script: string): string {
  const program = join(world.folder, name);
  writeFileSync(program, `#!/bin/sh\n${script}\nexec ${resticProgram} "$@"\n`, { mode: 0o755 });
  return program;
}

resticTest(
  'when a backup takes longer than the plan the next begins after it, and the real interval is said',
  async () => {
    const starts = join(world.folder, 'starts');
    const slow = resticAfter('slow-restic', `case "$*" in *backup*) date +%s%3N >> ${starts}; sleep 0.8;; esac`);
    const machine = await livingMachine(world, stack, 'slow', slow);
    await using ear = await openEar();
    write(machine, { 'workspace/a': '0' });
    await machine.run('run', runOrder(world, ear.url, { tickets: tickets(world, 8) }));
    for (let taken = 0; taken < 3; taken++) {
      const status = await ear.until((one) => one.taken.length > 0);
      if (taken > 0) expect(status.backup.everyMs).toBe(status.backup.lastMs);
      expect(status.backup.everyMs).toBeGreaterThan(800);
      expect(status.backup.failures).toBe(0);
      write(machine, { 'workspace/a': `${taken + 1}` });
    }
    const at = readFileSync(starts, 'utf8').trim().split('\n').map(Number);
    const gaps = at.slice(1).map((time, index) => time - at[index]!);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(800);
  },
);

resticTest(
  'two restics never run on one machine at once, whoever saves, is killed or begins to live',
  async () => {
    const overlaps = join(world.folder, 'overlaps');
    writeFileSync(overlaps, '');
    const guarded = resticAfter(
      'guarded-restic',
      `exec 9>${overlaps}.lock; flock -n 9 || echo "$*" >> ${overlaps}\ncase "$*" in *backup*) sleep 0.1;; esac`,
    );
    const machine = await livingMachine(world, stack, 'one', guarded);
    const place = placeAt(machine.root, machine.home, guarded, null);
    await using ear = await openEar();
    ear.answer = { plan: { ...answer().plan!, everyMs: 20 } };
    const live = () => machine.run('run', runOrder(world, ear.url, { ...ear.answer, tickets: tickets(world, 60) }));
    await live();
    const scribble = setInterval(() => write(machine, { 'workspace/a': `${Math.random()}` }), 10);
    const running = (): Promise<number> => vi.waitFor(() => holderOf('a backup'), { timeout: 20_000, interval: 5 });
    const holderOf = (what: string): number => {
      const holder = lockHolder(place);
      if (holder?.what !== what || holder.children.length === 0) throw new Error(`no restic of ${what} runs`);
      return holder.pid;
    };
    /** Also one that is refused, because another one was quicker. */
    const saved = async (sequence: number): Promise<void> => {
      const save = machine.start('save', saveOrder(world, { sequence }));
      await save.until('saved').catch(() => undefined);
      save.hangUp();
      await save.ended;
    };
    try {
      await running();
      await Promise.all([70, 71].map((sequence) => saved(sequence)));
      ear.answer = { ...ear.answer, tickets: tickets(world, 60, 80) };
      process.kill(await running(), 'SIGKILL'); // its restic lives on for a moment
      await running();
      process.kill(livingOn(machine).pid, 'SIGKILL');
      await Promise.all([saved(200), live()]);
      ear.answer = { ...ear.answer, tickets: tickets(world, 60, 210) };
      await running();
    } finally {
      clearInterval(scribble);
    }
    expect(readFileSync(overlaps, 'utf8')).toBe('');
  },
  60_000,
);

resticTest('a clock that jumps, forwards or back, neither stops the plan nor hurries it', async () => {
  const offset = join(world.folder, 'offset');
  const jumpy = join(world.folder, 'jumpy.mjs');
  writeFileSync(
    jumpy,
    `import { readFileSync } from 'node:fs';
const real = Date.now;
Date.now = () => real() + Number(readFileSync(${JSON.stringify(offset)}, 'utf8'));`,
  );
  const jump = (ms: number): void => writeFileSync(offset, String(ms));
  jump(0);
  vi.stubEnv('NODE_OPTIONS', `--import=${pathToFileURL(jumpy)}`);
  const machine = await livingMachine(world, stack, 'jumpy');
  await using ear = await openEar();
  const DAY = 24 * 3_600_000;
  const everyMs = 1_000;
  ear.answer = { plan: { ...answer().plan!, everyMs } };
  write(machine, { 'workspace/a': '0' });
  await machine.run('run', runOrder(world, ear.url, { ...ear.answer, tickets: tickets(world, 20) }));
  vi.unstubAllEnvs();
  const times: number[] = [];
  for (const ms of [0, DAY, -2 * DAY, 0]) {
    jump(ms);
    const before = await ear.until((status) => Math.abs(status.at - Date.now() - ms) < 60_000);
    expect(before.backup, 'nothing fails').toMatchObject({ failures: 0, failedWhy: null });
    write(machine, { 'workspace/a': `${ms}` });
    const { at, taken, backup } = await ear.until((status) => status.taken.length > 0);
    times.push(taken[0]!.time);
    expect(Math.abs(taken[0]!.time - Date.now()), "its time is the engine's").toBeLessThan(60_000);
    const age = at - (backup.durableAt ?? 0);
    expect(age, 'how old the newest backup is').toBeGreaterThanOrEqual(0);
    expect(age).toBeLessThan(60_000);
    await sleep(50);
  }
  const gaps = times.slice(1).map((time, index) => time - times[index]!);
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(everyMs - 50);
});
