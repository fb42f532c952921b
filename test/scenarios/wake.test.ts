import { expect, test } from 'vitest';
import { ANA, MINUTE, SECOND, World } from '../fakes/world.ts';

test('a workspace wakes, is worked on, hibernates, and wakes with the same files', async () => {
  const w = new World();
  const { engine, stop } = await w.start();
  await engine.create('lab', {}, ANA);
  const first = await engine.wake('lab', {}, ANA);
  await w.clock.advance(MINUTE);
  expect((await engine.operation(first.id)).outcome, 'the first wake').toMatchObject({ ok: true });

  const [view] = await engine.status('lab');
  expect(view?.sight).toBe('awake');
  const machine = w.marketplace.machines.get(view?.machine?.instance ?? '');
  expect(machine?.write('workspace/model.py', 'weights = 1')).toBe(true);

  const sleep = await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(5 * MINUTE);
  expect((await engine.operation(sleep.id)).outcome, 'the hibernation').toMatchObject({ ok: true });
  expect(w.rented, 'nothing is billed while it sleeps').toEqual([]);
  expect(await w.trail(view?.machine?.id ?? '')).toEqual([
    'renting',
    'booting',
    'installing',
    'standing-by',
    'restoring',
    'running',
    'saving',
    'releasing',
    'gone',
  ]);

  await engine.wake('lab', {}, ANA);
  await w.clock.advance(MINUTE);
  const [again] = await engine.status('lab');
  const second = w.marketplace.machines.get(again?.machine?.instance ?? '');
  expect(second?.instance).not.toBe(machine?.instance);
  expect(second?.files.get('workspace/model.py')?.content).toBe('weights = 1');
  await stop();
});

test('five machines start, the first that is ready wins, the others are destroyed and proved gone', async () => {
  const w = new World();
  const { engine, stop } = await w.start();
  await engine.create('lab', {}, ANA);
  await engine.wake('lab', {}, ANA);
  await w.clock.advance(4 * MINUTE);
  expect(w.marketplace.machines.size).toBe(5);
  expect(w.rented).toHaveLength(1);
  const machines = await w.store.list('machines');
  expect(machines.filter((row) => row.state === 'gone')).toHaveLength(4);
  expect(w.told.find((talk) => talk.event === 'race.ended')).toMatchObject({ winner: expect.any(String) });
  await stop();
});

test('when no machine of a round is ready in time, five different ones start', async () => {
  const w = new World();
  const never = { ...w.marketplace.manners({} as never), loadingMs: 3_600_000, sshAfterMs: 3_600_000 };
  w.marketplace.queue.push(never, never, never, never, never);
  const { engine, stop } = await w.start();
  await engine.create('lab', {}, ANA);
  await engine.wake('lab', {}, ANA);
  await w.clock.advance(89 * SECOND);
  expect(w.marketplace.machines.size).toBe(5);
  await w.clock.advance(40 * SECOND);
  expect(w.marketplace.machines.size).toBe(10);
  expect(new Set([...w.marketplace.machines.values()].map((machine) => machine.offer.machine)).size).toBe(10);
  expect((await engine.status('lab'))[0]?.sight).toBe('awake');
  await w.clock.advance(3 * MINUTE);
  expect(w.rented).toHaveLength(1);
  await stop();
});

test('the engine is killed in the middle of a race and the next one goes on from the row', async () => {
  const w = new World();
  const one = await w.start();
  await one.engine.create('lab', {}, ANA);
  await one.engine.wake('lab', {}, ANA);
  await w.clock.advance(5 * SECOND);
  await one.stop();
  const two = await w.start();
  await w.clock.advance(3 * MINUTE);
  expect((await two.engine.status('lab'))[0]?.sight).toBe('awake');
  expect(w.marketplace.machines.size, 'no machine was rented twice').toBe(5);
  expect(w.rented).toHaveLength(1);
  await two.stop();
});
