import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import { contentHash } from '../../engine/policy/content-hash.ts';
import { write } from './living.ts';
import { gatedRestic, manifestIn, restoreOrder, saveOnce, saveOrder, snapshotOf } from './machine.ts';
import { resticWorld } from './restic-world.ts';

const { claimed, resticTest, world } = await resticWorld();

resticTest('only one save or restore runs on a machine, and a killed one is no obstacle', async () => {
  const gate = gatedRestic(world, 'backup');
  const machine = await claimed('busy', gate.program);
  write(machine, { 'workspace/a': 'a' });
  const first = machine.start('save', saveOrder(world));
  await gate.reached();
  const second = await machine.run('save', saveOrder(world));
  expect(second).toMatchObject([{ event: 'failed', code: 'repository_locked', why: 'busy with a save' }]);
  const secrets = readFileSync(join(machine.home, 'secrets'), 'utf8');
  first.child.kill('SIGKILL');
  await first.ended;
  expect(existsSync(secrets)).toBe(true);
  gate.open();
  const saved = await saveOnce(world, machine);
  expect(saved.files).toBe(1);
  expect(existsSync(secrets)).toBe(false);
});

resticTest('nothing secret is in the arguments or the environment of a process', async () => {
  const gate = gatedRestic(world, 'backup');
  const machine = await claimed('secrets', gate.program);
  write(machine, { 'workspace/a': 'a' });
  const agent = machine.start('save', saveOrder(world));
  await gate.reached();
  // A process may run before whoever started it noted that.
  const children = await vi.waitFor(() => {
    const { children: noted } = JSON.parse(readFileSync(join(machine.home, 'lock'), 'utf8'));
    expect(noted).toHaveLength(1);
    return noted;
  });
  const { password, credentials } = world.repository;
  for (const pid of [children[0].pid, agent.child.pid]) {
    const seen = readFileSync(`/proc/${pid}/cmdline`, 'utf8') + readFileSync(`/proc/${pid}/environ`, 'utf8');
    for (const secret of [password, credentials.secretAccessKey, credentials.sessionToken])
      expect(seen).not.toContain(secret);
  }
  gate.open();
  agent.hangUp();
  await agent.until('saved');
  await agent.ended;
});

resticTest('a live save of files that never stand still says what it knows, and what it does not', async () => {
  const machine = await claimed('live');
  write(machine, { 'workspace/still': 'quiet', 'workspace/busy': '' });
  const writer = spawn('/bin/sh', ['-c', 'while :; do echo line >> busy; done'], {
    cwd: join(machine.root, 'workspace'),
  });
  const saved = await saveOnce(world, machine);
  writer.kill('SIGKILL');
  expect(saved).toMatchObject({ partial: false, files: 2 });
  const lines = new Map(manifestIn(world).map((line) => [line.path, line]));
  expect(lines.get('workspace/still')?.sha256).toBe(createHash('sha256').update('quiet').digest('hex'));
  expect(lines.get('workspace/busy')).not.toHaveProperty('sha256');
  expect(contentHash([...lines.values()])).toBe(saved.contentHash);
  const other = world.machine('live-again');
  const events = await other.run('restore', restoreOrder(world, { snapshot: snapshotOf(world, saved) }));
  expect(events.at(-1)).toMatchObject({ event: 'complete', contentHash: saved.contentHash });
});

resticTest('a file changed under its old size and time after a restore is saved as it is', async () => {
  const machine = await claimed('honest');
  write(machine, { 'workspace/a': 'first', 'workspace/b': 'other' });
  utimesSync(join(machine.root, 'workspace/a'), 1e9, 1e9);
  const saved = await saveOnce(world, machine);
  const other = world.machine('deceiving');
  await other.run('restore', restoreOrder(world, { snapshot: snapshotOf(world, saved) }));
  appendFileSync(join(other.root, 'workspace/b'), '');
  const same = await saveOnce(world, other, { parent: saved.snapshot });
  expect(same).toMatchObject({ parent: saved.snapshot, contentHash: saved.contentHash });

  const third = world.machine('third');
  await third.run('restore', restoreOrder(world, { snapshot: snapshotOf(world, saved) }));
  writeFileSync(join(third.root, 'workspace/a'), 'again');
  utimesSync(join(third.root, 'workspace/a'), 1e9, 1e9);
  const changed = await saveOnce(world, third, { parent: saved.snapshot });
  expect(changed).toMatchObject({ parent: null });
  const fourth = world.machine('fourth');
  const events = await fourth.run('restore', restoreOrder(world, { snapshot: snapshotOf(world, changed) }));
  expect(events.at(-1)).toMatchObject({ event: 'complete', contentHash: changed.contentHash });
});

resticTest('a parent that was forgotten costs time and nothing else', async () => {
  const machine = await claimed('orphan');
  write(machine, { 'workspace/a': 'a' });
  expect(await saveOnce(world, machine, { parent: 'a'.repeat(64) })).toMatchObject({ parent: null, files: 1 });
  expect(existsSync(join(machine.home, 'lock'))).toBe(false);
});
