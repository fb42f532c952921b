import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { answer, killLife, livingMachine, livingOn, openEar, runOrder, ticket, write } from './living.ts';
import { gatedRestic } from './machine.ts';
import { resticWorld } from './restic-world.ts';

const { resticTest, stack, world } = await resticWorld();

resticTest('killed with its backup, it is started by the next order and goes on from what it wrote down', async () => {
  const gate = gatedRestic(world, 'backup');
  gate.open();
  const machine = await livingMachine(world, stack, 'killed', gate.program);
  await using ear = await openEar();
  ear.answer = { settled: [] };
  write(machine, { 'workspace/a': 'first' });
  await machine.run('run', runOrder(world, ear.url));
  const before = await ear.until((status) => status.taken.length > 0);
  killLife(machine);

  const again = await machine.run('run', runOrder(world, ear.url));
  expect(again).toMatchObject([{ event: 'living', already: false, pid: livingOn(machine).pid }]);
  const after = await ear.until((status) => status.startedAt > before.startedAt);
  expect(after.taken).toEqual(before.taken);
  expect(after.backup.durableAt! - before.backup.durableAt!).toBeLessThan(100);

  write(machine, { 'workspace/b': 'second' });
  const next = await ear.until((status) => status.taken.length > 1);
  expect(next.taken[1]).toMatchObject({ sequence: 11, parent: before.taken[0]!.snapshot });
});

resticTest('a backup does not outlive the agent that started it, and leaves no lock', async () => {
  const gate = gatedRestic(world, 'backup');
  const machine = await livingMachine(world, stack, 'orphan', gate.program);
  await using ear = await openEar();
  write(machine, { 'workspace/a': 'first' });
  await machine.run('run', runOrder(world, ear.url));
  await gate.reached();
  const lock = (): { what: string; children: { pid: number }[] } =>
    JSON.parse(readFileSync(join(machine.home, 'lock'), 'utf8'));
  while (lock().children.length === 0) await sleep(10);
  const holder = lock();
  expect(holder.what).toBe('a backup');
  killLife(machine);
  while (existsSync(join(machine.home, 'lock'))) await sleep(20);
  expect(existsSync(`/proc/${holder.children[0]!.pid}`)).toBe(false);
});

resticTest('a backup that was killed is made again, and what failed is said', async () => {
  const gate = gatedRestic(world, 'backup');
  const machine = await livingMachine(world, stack, 'again', gate.program);
  await using ear = await openEar();
  write(machine, { 'workspace/a': 'first' });
  await machine.run('run', runOrder(world, ear.url));
  await gate.reached();
  process.kill(JSON.parse(readFileSync(join(machine.home, 'lock'), 'utf8')).pid, 'SIGKILL');
  const failing = await ear.until((status) => status.backup.failures > 0);
  expect(failing.backup).toMatchObject({ state: 'failing', failedWhy: expect.stringContaining('SIGKILL') });
  gate.open();
  const taken = await ear.until((status) => status.taken.length > 0);
  expect(taken.backup).toMatchObject({ state: 'waiting', failures: 0, failedWhy: null });
});

resticTest('credentials that arrive while a backup runs reach it', async () => {
  const gate = gatedRestic(world, 'backup');
  const machine = await livingMachine(world, stack, 'renewed', gate.program);
  await using ear = await openEar();
  write(machine, { 'workspace/a': 'first' });
  await machine.run('run', runOrder(world, ear.url));
  await gate.reached();
  const secrets = readFileSync(join(machine.home, 'secrets'), 'utf8');
  const held = (): string => readFileSync(join(secrets, 'credentials.json'), 'utf8');
  expect(held()).toContain('a-secret-key');
  const expiresAt = Date.now() + 7_200_000;
  const credentials = { ...world.repository.credentials, secretAccessKey: 'a-fresh-key', expiresAt };
  ear.answer = { repository: { ...world.repository, credentials } };
  await ear.until((status) => status.credentialsUntil === expiresAt);
  while (!held().includes('a-fresh-key')) await sleep(20);
  gate.open();
  await ear.until((status) => status.taken.length > 0);
});

resticTest(
  'with nobody to hear it and no ticket it backs up all the same, and tells of it later',
  async () => {
    const machine = await livingMachine(world, stack, 'alone');
    await using ear = await openEar();
    ear.answer = null;
    write(machine, { 'workspace/a': 'first' });
    const order = runOrder(world, ear.url, { tickets: [], heartbeatMs: 50 });
    await machine.run('run', order);
    const memory = join(machine.home, 'life', 'memory.json');
    const parent = (): string | null => (existsSync(memory) ? JSON.parse(readFileSync(memory, 'utf8')).parent : null);
    while (parent() === null) await sleep(50);
    ear.answer = { tickets: [ticket(world, 30)] };
    const told = await ear.until((status) => status.taken.length > 0);
    expect(told.taken).toMatchObject([
      { sequence: 30, parent: parent() === told.taken[0]!.snapshot ? expect.any(String) : parent() },
    ]);
  },
  40_000,
);

resticTest('what cannot be read is named, and everything else is in storage', async () => {
  const machine = await livingMachine(world, stack, 'partial');
  await using ear = await openEar();
  write(machine, { 'workspace/a': 'first', 'workspace/big': 'x'.repeat(2_000) });
  const plan = { ...answer().plan!, fileBytesMax: 1_000 };
  ear.answer = { plan };
  await machine.run('run', runOrder(world, ear.url, { plan }));
  const taken = await ear.until((status) => status.taken.length > 0);
  expect(taken.taken[0]).toMatchObject({ files: 1, atRisk: [{ kind: 'over-cap', path: 'workspace/big' }] });
  expect(taken.atRisk).toEqual({ files: 1, bytes: 2_000 });
});

resticTest('without a way to the engine it speaks through whoever stays attached', async () => {
  const machine = await livingMachine(world, stack, 'attached');
  write(machine, { 'workspace/a': 'first' });
  const agent = machine.start('run', runOrder(world, null));
  await agent.until('living');
  for (let seen = 0; ; seen++) {
    while (agent.events.filter((event) => event.event === 'status').length <= seen) await sleep(10);
    const said = agent.events.filter((event) => event.event === 'status')[seen]!;
    agent.say({ say: 'answer', answer: answer({ settled: said.status.taken.map((taken) => taken.snapshot) }) });
    if (said.status.taken.length > 0) break;
  }
  const { pid } = livingOn(machine);
  agent.hangUp();
  expect(await agent.ended).toBe(0);
  expect(existsSync(`/proc/${pid}`)).toBe(true);
});

resticTest('an order of another workspace or of a newer protocol is refused in words', async () => {
  const machine = await livingMachine(world, stack, 'other');
  const order = runOrder(world, null);
  const said = async (more: object) => (await machine.run('run', { ...order, ...more })).at(-1);
  expect(await said({ workspace: 'other' })).toMatchObject({
    event: 'failed',
    why: 'this machine holds lab, not other',
  });
  expect(await said({ protocol: 3 })).toMatchObject({ event: 'failed', code: 'bad_request' });
  const heartbeat = { url: 'http://127.0.0.1:1/', token: 'a-token' };
  expect(await said({ protocol: 1, heartbeat })).toMatchObject({ event: 'living' });
});
