import { expect, test } from 'vitest';
import { DAYS } from '../../engine/domain/schedule.ts';
import { ANA, awake, MINUTE, World } from '../fakes/world.ts';

/** Every day, so many minutes from now. */
function inMinutes(w: World, minutes: number) {
  return { days: DAYS, time: new Date(w.clock.now() + minutes * MINUTE).toISOString().slice(11, 16), zone: 'UTC' };
}

const operations = async (w: World) => (await w.store.list('operations')).filter(({ id }) => id.startsWith('timer-'));

test('a workspace wakes at its time, once, and says why', async () => {
  const w = new World();
  const { engine, stop } = await w.start();
  await engine.create('lab', {}, ANA);
  await engine.schedule('lab', { want: 'awake', ...inMinutes(w, 30) }, ANA);
  await w.clock.advance(28 * MINUTE);
  expect(w.rented, 'it woke early').toEqual([]);
  await w.clock.advance(6 * MINUTE);
  const [view] = await engine.status('lab');
  expect(view?.sight).toBe('awake');
  expect(await operations(w)).toMatchObject([{ verb: 'wake', by: 'dumont', outcome: { ok: true } }]);
  expect((await w.journals.read('audit', 0)).at(-1)).toMatchObject({
    verb: 'wake',
    why: expect.stringContaining('daily'),
  });
  await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(20 * MINUTE);
  expect((await engine.status('lab'))[0]?.sight, 'the same time of the same day woke it again').toBe('asleep');
  await stop();
});

test('one who is at work already at that time, and goes to sleep right after it, is not woken', async () => {
  const w = new World();
  const { engine, stop } = await awake(w);
  await engine.schedule('lab', { want: 'awake', ...inMinutes(w, 10) }, ANA);
  await w.clock.advance(12 * MINUTE);
  await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(20 * MINUTE);
  expect((await engine.status('lab'))[0]?.sight).toBe('asleep');
  await stop();
});

test('an engine that stood still makes up for what was due lately, and only for that', async () => {
  for (const [late, sight] of [
    [50, 'awake'],
    [70, 'asleep'],
  ] as const) {
    const w = new World();
    const first = await w.start();
    await first.engine.create('lab', {}, ANA);
    await first.engine.schedule('lab', { want: 'awake', ...inMinutes(w, 10) }, ANA);
    await first.stop();
    await w.clock.advance((10 + late) * MINUTE);
    const { engine, stop } = await w.start();
    await w.clock.advance(5 * MINUTE);
    expect((await engine.status('lab'))[0]?.sight, `${late} minutes late`).toBe(sight);
    await stop();
  }
});

test('people at work are warned before its time to sleep, and then it sleeps although they work on', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  await engine.schedule('lab', { want: 'asleep', ...inMinutes(w, 30) }, ANA);
  machine.doing = { gpuPercent: 90, cpuPercent: 90, typedAt: null };
  await w.clock.advance(26 * MINUTE);
  expect(w.told.filter(({ event }) => event === 'machine.idle_warning')).toEqual([]);
  await w.clock.advance(3 * MINUTE);
  expect(w.told.filter(({ event }) => event === 'machine.idle_warning')).toMatchObject([
    { why: expect.stringMatching(/its schedule, daily/) },
  ]);
  expect(machine.life?.notices.at(-1)).toMatch(/its schedule, daily .*keep lab 1h/);
  expect(machine.destroyed).toBe(false);
  await w.clock.advance(8 * MINUTE);
  expect(machine.destroyed, 'it works on after its time').toBe(true);
  expect(await operations(w)).toMatchObject([{ verb: 'hibernate', outcome: { ok: true } }]);
  await w.clock.advance(60 * MINUTE);
  expect(await operations(w)).toHaveLength(1);
  await stop();
});

test('whoever keeps it awake after the warning keeps it past its time, and it sleeps when that ends', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  await engine.schedule('lab', { want: 'asleep', ...inMinutes(w, 30) }, ANA);
  machine.doing = { gpuPercent: 90, cpuPercent: 90, typedAt: null };
  await w.clock.advance(29 * MINUTE);
  await engine.keep('lab', { forMs: 40 * MINUTE, why: 'a deadline' }, ANA);
  await w.clock.advance(38 * MINUTE);
  expect(machine.destroyed).toBe(false);
  expect(w.told.filter(({ event }) => event === 'machine.stays_awake')).toHaveLength(1);
  await w.clock.advance(12 * MINUTE);
  expect(machine.destroyed, 'it works on long after its time').toBe(true);
  await stop();
});

test('a program that was started by "run" is not ended by the clock', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  await engine.schedule('lab', { want: 'asleep', ...inMinutes(w, 30) }, ANA);
  await engine.run('lab', { argv: ['train'], thenHibernate: false }, ANA);
  machine.doing = { gpuPercent: 90, cpuPercent: 90, typedAt: null };
  await w.clock.advance(50 * MINUTE);
  expect(machine.destroyed).toBe(false);
  await stop();
});

test('of schedules that are made at the same moment none is lost', async () => {
  const w = new World();
  const { engine, stop } = await w.start();
  await engine.create('lab', {}, ANA);
  const made = [10, 20, 30, 40].map((minutes) =>
    engine.schedule('lab', { want: 'awake', ...inMinutes(w, minutes) }, ANA),
  );
  await Promise.all(made);
  const row = await w.store.read('workspaces', 'lab');
  expect(row?.schedules.map(({ id }) => id)).toEqual(['s1', 's2', 's3', 's4']);
  expect(new Set(row?.schedules.map(({ time }) => time)).size).toBe(4);
  await stop();
});

test('a schedule that is ended does nothing, and one that was made twice is one', async () => {
  const w = new World();
  const { engine, stop } = await w.start();
  await engine.create('lab', {}, ANA);
  const when = { want: 'awake', ...inMinutes(w, 30) } as const;
  await engine.schedule('lab', when, ANA);
  const { schedules } = await engine.schedule('lab', when, ANA);
  expect(schedules.map(({ id }) => id)).toEqual(['s1']);
  await engine.unschedule('lab', 's1', ANA);
  await w.clock.advance(40 * MINUTE);
  expect(w.rented).toEqual([]);
  await expect(engine.unschedule('lab', 's1', ANA)).rejects.toMatchObject({ code: 'no_such_schedule' });
  await expect(engine.schedule('lab', { ...when, zone: 'Mars/Base' }, ANA)).rejects.toMatchObject({
    code: 'bad_request',
  });
  await stop();
});
