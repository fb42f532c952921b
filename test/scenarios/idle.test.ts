import { expect, test } from 'vitest';
import type { Talk } from '../../engine/domain/events.ts';
import { ANA, awake, MINUTE, World } from '../fakes/world.ts';

const told = (w: World, event: Talk['event']): Talk[] => w.told.filter((talk) => talk.event === event);

test('an idle machine is warned of, then saved and released', async () => {
  const w = new World();
  const { machine, stop } = await awake(w);
  await w.clock.advance(10 * MINUTE);
  machine.doing = { gpuPercent: 0, cpuPercent: 1, typedAt: null };
  await w.clock.advance(4 * MINUTE);
  expect(told(w, 'machine.idle_warning'), 'nobody was warned').toHaveLength(1);
  expect(machine.destroyed, 'it was put to sleep before the grace period was over').toBe(false);
  expect(machine.life?.notices[0]).toMatch(/keep lab 1h/);
  await w.clock.advance(10 * MINUTE);
  expect(machine.destroyed).toBe(true);
  const trail = await w.trail(machine.label.split('-')[2] ?? '');
  expect(trail).toContain('saving');
  const [operation] = (await w.store.list('operations')).filter(({ by }) => by === 'dumont');
  expect(operation?.outcome?.ok).toBe(true);
  expect(operation?.intent).toMatchObject({ wish: { want: 'asleep', why: expect.stringContaining('idle') } });
  await stop();
});

test('work that begins after the warning keeps it up, and that is told', async () => {
  const w = new World();
  const { machine, stop } = await awake(w);
  await w.clock.advance(10 * MINUTE);
  machine.doing = { gpuPercent: 0, cpuPercent: 1, typedAt: null };
  await w.clock.advance(4 * MINUTE);
  machine.doing = { gpuPercent: 90, cpuPercent: 1, typedAt: null };
  await w.clock.advance(20 * MINUTE);
  expect(machine.destroyed).toBe(false);
  expect(told(w, 'machine.stays_awake')).toMatchObject([{ why: expect.stringContaining('90') }]);
  await stop();
});

test('a lease keeps an idle machine awake until it ends, and not longer', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  machine.doing = { gpuPercent: 0, cpuPercent: 0, typedAt: null };
  await engine.keep('lab', { forMs: 120 * MINUTE, why: 'a demo at four' }, ANA);
  await w.clock.advance(119 * MINUTE);
  expect(told(w, 'machine.idle_warning')).toEqual([]);
  await w.clock.advance(15 * MINUTE);
  expect(machine.destroyed).toBe(true);
  await stop();
});

test('what cannot be measured keeps it up for four hours, and not for ever', async () => {
  const w = new World();
  const { machine, stop } = await awake(w);
  machine.doing = { gpuPercent: null, cpuPercent: 0, typedAt: null };
  await w.clock.advance(3.9 * 60 * MINUTE);
  expect(machine.destroyed, 'unknown counted as idle').toBe(false);
  await w.clock.advance(30 * MINUTE);
  expect(machine.destroyed, 'unknown counted as alive without end').toBe(true);
  await stop();
});

test('an engine that starts anew neither forgets a warning nor acts on it early', async () => {
  const w = new World();
  const first = await awake(w);
  await w.clock.advance(10 * MINUTE);
  first.machine.doing = { gpuPercent: 0, cpuPercent: 0, typedAt: null };
  await w.clock.advance(4 * MINUTE);
  await first.stop();
  const { stop } = await w.start();
  await w.clock.advance(15 * MINUTE);
  expect(first.machine.destroyed).toBe(true);
  expect(told(w, 'machine.idle_warning').length).toBeGreaterThanOrEqual(1);
  await stop();
});

test('files over the cap hold an idle machine, and people are not told every few minutes', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  machine.atRisk = [{ kind: 'over-cap', path: 'workspace/big.bin', sizeBytes: 11e9, why: 'too large' }];
  machine.doing = { gpuPercent: 0, cpuPercent: 0, typedAt: null };
  await w.clock.advance(50 * MINUTE);
  expect(machine.destroyed).toBe(false);
  expect(machine.frozen, 'people could not work on').toBe(false);
  expect(told(w, 'work.at_risk')).toHaveLength(1);
  await engine.hibernate('lab', { agreedToLose: ['workspace/big.bin'] }, ANA);
  await w.clock.advance(5 * MINUTE);
  expect(machine.destroyed).toBe(true);
  await stop();
});

test('a workspace that must not fall asleep by itself does not', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  await engine.configure('lab', { idle: { hibernate: false } }, ANA);
  machine.doing = { gpuPercent: 0, cpuPercent: 0, typedAt: null };
  await w.clock.advance(12 * 60 * MINUTE);
  expect(machine.destroyed).toBe(false);
  await stop();
});

test('when the last backup of an idle machine fails and somebody works again, it stays awake', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  await w.clock.advance(10 * MINUTE);
  w.storage.down = 'no route';
  machine.doing = { gpuPercent: 0, cpuPercent: 0, typedAt: null };
  await w.clock.advance(7 * MINUTE);
  expect(told(w, 'save.failed').length).toBeGreaterThan(0);
  machine.doing = { gpuPercent: 80, cpuPercent: 0, typedAt: null };
  await w.clock.advance(2 * MINUTE);
  w.storage.down = null;
  await w.clock.advance(30 * MINUTE);
  expect(machine.destroyed, 'it was put to sleep under somebody who works').toBe(false);
  expect((await engine.status('lab'))[0]?.sight).toBe('awake');
  const [operation] = (await w.store.list('operations')).filter(({ by }) => by === 'dumont');
  expect(operation?.outcome).toMatchObject({ ok: false, say: expect.stringMatching(/80/) });
  await stop();
});
