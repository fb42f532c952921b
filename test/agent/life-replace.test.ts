import { createHash } from 'node:crypto';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect } from 'vitest';
import { resticProgram } from '../restic/which-restic.ts';
import { endLife, livingOn, openEar, runOrder, ticket, write } from './living.ts';
import { machineIn, restoreOrder } from './machine.ts';
import { resticWorld } from './restic-world.ts';
import { agentProgram } from './which-agent.ts';

const { resticTest, stack, world } = await resticWorld();

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

resticTest('a newer program takes the place of the one that lives, with all that it was told', async () => {
  const program = join(world.folder, 'agent.mjs');
  const bytes = readFileSync(agentProgram);
  writeFileSync(program, bytes);
  const machine = machineIn(join(world.folder, 'replaced'), resticProgram!, new Set(), program);
  await machine.run('restore', restoreOrder(world));
  stack.use(endLife(machine));
  await using ear = await openEar();
  write(machine, { 'workspace/a': 'first' });
  await machine.run('run', runOrder(world, ear.url));
  const before = await ear.until((status) => status.taken.length > 0);
  const older = livingOn(machine).pid;
  expect(before.program).toBe(sha256(bytes));

  const broken = Buffer.from('throw new Error("unfit")');
  world.objects.set('/broken', gzipSync(broken));
  ear.answer = { program: { sha256: sha256(broken), url: world.url('broken') }, settled: [] };
  const stays = await ear.until((status) => status.backup.failedWhy !== null);
  expect(stays.backup.failedWhy).toContain('unfit');
  expect([livingOn(machine).pid, sha256(readFileSync(program))]).toEqual([older, sha256(bytes)]);

  const newer = Buffer.concat([bytes, Buffer.from('\n// newer')]);
  world.objects.set('/newer', gzipSync(newer));
  ear.answer = { program: { sha256: sha256(newer), url: world.url('newer') }, settled: [] };
  const after = await ear.until((status) => status.program === sha256(newer));
  expect(after).toMatchObject({ tickets: 1, epoch: 1 });
  expect(after.taken.map((taken) => taken.snapshot)).toEqual(stays.taken.map((taken) => taken.snapshot));
  expect(livingOn(machine).pid).not.toBe(older);

  ear.answer = { tickets: [ticket(world, 12)] };
  write(machine, { 'workspace/b': 'second' });
  const next = await ear.until((status) => status.taken.some((taken) => taken.files === 2));
  expect(next.taken.at(-1)).toMatchObject({ sequence: 11, parent: before.taken[0]!.snapshot });
});

resticTest('a program that was put in its place by somebody else takes over at the next order', async () => {
  const program = join(world.folder, 'moved.mjs');
  copyFileSync(agentProgram, program);
  const machine = machineIn(join(world.folder, 'moved'), resticProgram!, new Set(), program);
  await machine.run('restore', restoreOrder(world));
  stack.use(endLife(machine));
  await using ear = await openEar();
  ear.answer = { plan: null };
  await machine.run('run', runOrder(world, ear.url, { plan: null }));
  await ear.until(() => true);
  const newer = Buffer.concat([readFileSync(program), Buffer.from('\n// moved')]);
  writeFileSync(program, newer);
  await machine.run('run', runOrder(world, ear.url, { plan: null }));
  expect(await ear.until((status) => status.program === sha256(newer))).toMatchObject({ tickets: 2 });
});
