import { expect, test } from 'vitest';
import { instanceJson } from '../../engine/http/json/instance.ts';
import { ANA, awake, MINUTE, SECOND, World } from '../fakes/world.ts';

const TRAIN = { argv: ['python', 'train.py'], thenHibernate: true } as const;

test('a program runs after its checkpoint, keeps an idle machine awake, and then it sleeps', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  machine.write('workspace/train.py', 'print(1)');
  const asked = await engine.run('lab', TRAIN, ANA);
  await w.clock.advance(MINUTE);
  expect([...(machine.life?.jobs.keys() ?? [])]).toEqual([asked.id]);
  const [checkpoint] = await w.store.list('snapshots');
  expect(checkpoint).toMatchObject({ type: 'CHECKPOINT', description: 'before python …' });
  machine.doing = { gpuPercent: 0, cpuPercent: 0, typedAt: null };
  await w.clock.advance(60 * MINUTE);
  expect(machine.destroyed, 'it was put to sleep under a running program').toBe(false);
  machine.life?.end(asked.id, 0);
  await w.clock.advance(5 * MINUTE);
  expect((await engine.operation(asked.id)).outcome).toMatchObject({ ok: true });
  expect(w.told.filter(({ event }) => event === 'job.ended')).toMatchObject([{ code: 0, command: 'python …' }]);
  expect(machine.destroyed, 'it stayed up after the program').toBe(true);
  await stop();
});

test('of a program its name is told and noted, and nothing of what stands behind it', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  machine.doing = { gpuPercent: 0, cpuPercent: 0, typedAt: null };
  const seen: unknown[] = [];
  const runs = [
    [['/bin/bash', '-lc', 'python train.py --token hunter2'], 1],
    [['KEY=hunter2 python train.py'], 0],
  ] as const;
  for (const [argv, code] of runs) {
    const asked = await engine.run('lab', { argv, thenHibernate: code === 0 }, ANA);
    await w.clock.advance(MINUTE);
    const [view] = await engine.status('lab');
    if (view) seen.push(instanceJson(view));
    machine.life?.end(asked.id, code);
    await w.clock.advance(code === 0 ? 5 * MINUTE : MINUTE);
    seen.push((await engine.operation(asked.id)).outcome);
  }
  const stored = [...w.storage.objects.values()].map((bytes) => Buffer.from(bytes).toString());
  seen.push(stored, w.told, w.logged, w.journals.entries, await w.store.list('snapshots'));
  const all = JSON.stringify(seen);
  for (const words of [
    'runs \\"/bin/bash …\\"',
    'before /bin/bash …',
    '/bin/bash … ended with 1.',
    'KEY … ended with 0; idle',
  ])
    expect(all).toContain(words);
  expect(all).not.toContain('hunter2');
  await stop();
});

test('how a program failed is told, and it stays awake when that was wanted', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  const asked = await engine.run('lab', { ...TRAIN, thenHibernate: false }, ANA);
  await w.clock.advance(MINUTE);
  machine.life?.end(asked.id, 137);
  await w.clock.advance(MINUTE);
  expect((await engine.operation(asked.id)).outcome).toMatchObject({
    ok: false,
    code: 'command_failed',
    facts: { code: 137 },
  });
  expect(machine.destroyed).toBe(false);
  await stop();
});

test('without a checkpoint it is not started', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  w.storage.rots = true;
  machine.write('workspace/train.py', 'print(1)');
  const asked = await engine.run('lab', TRAIN, ANA);
  await w.clock.advance(MINUTE);
  expect((await engine.operation(asked.id)).outcome).toMatchObject({ ok: false, code: 'proof_failed' });
  expect([...(machine.life?.jobs.keys() ?? [])]).toEqual([]);
  await stop();
});

test('an engine that is killed while a program runs neither starts it again nor forgets it', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  const asked = await engine.run('lab', TRAIN, ANA);
  await w.clock.advance(MINUTE);
  await stop();
  machine.doing = { gpuPercent: 0, cpuPercent: 0, typedAt: null };
  machine.life?.end(asked.id, 0);
  const again = await w.start();
  await w.clock.advance(10 * MINUTE);
  expect((await again.engine.operation(asked.id)).outcome).toMatchObject({ ok: true });
  expect(w.told.filter(({ event }) => event === 'job.began')).toHaveLength(1);
  expect(machine.destroyed).toBe(true);
  await again.stop();
});

test('whoever asked hears it when the machine is lost under the program', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  const asked = await engine.run('lab', TRAIN, ANA);
  await w.clock.advance(MINUTE);
  w.marketplace.take(machine.instance);
  await w.clock.advance(10 * MINUTE);
  expect((await engine.operation(asked.id)).outcome).toMatchObject({ ok: false, code: 'machine_lost' });
  await stop();
});

test('the command after wake runs once a wake; one that fails is named, and nothing waits for it', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  await engine.configure('lab', { afterWake: 'jupyter lab' }, ANA);
  await w.clock.advance(30 * SECOND);
  const [id] = machine.life?.jobs.keys() ?? [];
  expect(id).toMatch(/^after-wake-/);
  machine.life?.end(id ?? '', 127);
  await w.clock.advance(5 * MINUTE);
  const trouble = () => w.told.filter(({ event }) => event === 'after_wake.trouble');
  expect(trouble()).toMatchObject([{ command: 'jupyter …', why: 'ended with 127' }]);
  await w.clock.advance(30 * MINUTE);
  expect(trouble()).toHaveLength(1);
  await stop();
});

test('a command after wake that never ends is named once and goes on', async () => {
  const w = new World();
  const { engine, stop } = await awake(w);
  await engine.configure('lab', { afterWake: 'sleep infinity' }, ANA);
  await w.clock.advance(60 * MINUTE);
  expect(w.told.filter(({ event }) => event === 'after_wake.trouble')).toMatchObject([
    { why: expect.stringMatching(/10 min/) },
  ]);
  await stop();
});

test('a program that ended puts nobody to sleep who keeps the workspace awake or works on it', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  machine.doing = { gpuPercent: 0, cpuPercent: 0, typedAt: null };
  const asked = await engine.run('lab', TRAIN, ANA);
  await w.clock.advance(MINUTE);
  await engine.keep('lab', { forMs: 60 * MINUTE, why: 'not yet' }, ANA);
  machine.life?.end(asked.id, 0);
  await w.clock.advance(30 * MINUTE);
  expect(machine.destroyed, 'it was to be kept').toBe(false);
  machine.doing = { gpuPercent: 0, cpuPercent: 90, typedAt: null };
  await w.clock.advance(45 * MINUTE);
  expect(machine.destroyed, 'somebody works on it').toBe(false);
  expect(w.told.filter(({ event }) => event === 'machine.idle_warning')).toEqual([]);
  machine.doing = { gpuPercent: 0, cpuPercent: 0, typedAt: null };
  await w.clock.advance(5 * MINUTE);
  expect(machine.destroyed).toBe(true);
  expect(w.told.filter(({ event }) => event === 'machine.idle_warning')).toMatchObject([
    { why: expect.stringMatching(/^python … ended with 0; idle for/) },
  ]);
  await stop();
});

test('a program that ended and was to leave it awake counts as life until then', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  machine.doing = { gpuPercent: 0, cpuPercent: 0, typedAt: null };
  const asked = await engine.run('lab', { ...TRAIN, thenHibernate: false }, ANA);
  await w.clock.advance(60 * MINUTE);
  machine.life?.end(asked.id, 0);
  const endedAt = w.clock.now();
  await w.clock.advance(20 * MINUTE);
  const warned = w.told.find(({ event }) => event === 'machine.idle_warning');
  expect(warned).toMatchObject({ why: expect.stringContaining('idle for') });
  const { actsAt, inMs } = warned as { actsAt: number; inMs: number };
  expect(actsAt - inMs - endedAt).toBeGreaterThanOrEqual(w.settings.idle.idleMs);
  await stop();
});
