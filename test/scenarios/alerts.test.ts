import { expect, test } from 'vitest';
import { ANA, awake, MINUTE, World } from '../fakes/world.ts';

const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const alertsTold = (w: World) =>
  w.told.flatMap((talk) =>
    talk.event === 'alert.raised' || talk.event === 'alert.resolved' ? [`${talk.event} ${talk.kind}`] : [],
  );

async function asleep(w: World) {
  const running = await awake(w);
  running.machine.write('workspace/train.py', 'print(1)');
  await running.engine.hibernate('lab', {}, ANA);
  await w.clock.advance(10 * MINUTE);
  return running;
}

test('a snapshot is really restored every week, and how long that took is kept', async () => {
  const w = new World();
  const { engine, stop } = await asleep(w);
  await w.clock.advance(15 * DAY);
  expect(w.journals.entries.drills.map(({ ok, ms, why }) => [ok, ms, why])).toEqual([
    [true, 1_000, '1 files are as they were'],
    [true, 1_000, '1 files are as they were'],
    [true, 1_000, '1 files are as they were'],
  ]);
  expect(await engine.drills('lab')).toMatchObject({ p50Ms: 1_000, p95Ms: 1_000, last: { ok: true } });
  expect(alertsTold(w)).toEqual([]);
  await stop();
});

test('a drill that finds other bytes is told once, and that it is over once', async () => {
  const w = new World();
  w.storage.rots = false;
  const { engine, stop } = await asleep(w);
  w.storage.rots = true;
  await w.clock.advance(10 * DAY);
  expect(alertsTold(w)).toEqual(['alert.raised drill_failed']);
  expect((await engine.alerts('lab')).filter(({ resolvedAt }) => resolvedAt === null)).toMatchObject([
    { kind: 'drill_failed', workspace: 'lab' },
  ]);
  w.storage.rots = false;
  await w.clock.advance(2 * DAY);
  expect(alertsTold(w)).toEqual(['alert.raised drill_failed', 'alert.resolved drill_failed']);
  w.storage.rots = true;
  await w.clock.advance(10 * DAY);
  expect(alertsTold(w).slice(2), 'it may come again').toEqual(['alert.raised drill_failed']);
  await stop();
});

test('a repository with something missing is told, through the end of an engine, and resolved when it is whole', async () => {
  const w = new World();
  const { stop } = await asleep(w);
  w.storage.damage = ['pack 123 is gone'];
  await w.clock.advance(2 * DAY);
  await stop();
  const { stop: end } = await w.start();
  await w.clock.advance(HOUR);
  expect(alertsTold(w)).toEqual(['alert.raised repository_damaged']);
  w.storage.damage = [];
  await w.clock.advance(2 * DAY);
  expect(alertsTold(w).at(-1)).toBe('alert.resolved repository_damaged');
  await end();
});
