import { expect, test } from 'vitest';
import { ALERTS } from '../../engine/domain/alert.ts';
import { Failure } from '../../engine/domain/failures.ts';
import type { AgentStatus } from '../../engine/domain/heartbeat.ts';
import { DEFAULTS } from '../../engine/domain/settings.ts';
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

test('a snapshot that is too large for the control host is tried in part, and its time counts for no other', async () => {
  const w = new World({ upkeep: { ...DEFAULTS.upkeep, drillBytesMax: 10 } });
  const running = await awake(w);
  for (const name of ['a', 'b']) running.machine.write(`workspace/${name}.py`, 'print(1)');
  running.machine.write('workspace/weights', 'more than there is room for');
  await running.engine.hibernate('lab', {}, ANA);
  await w.clock.advance(22 * DAY);
  const { p50Ms, samples, all } = await running.engine.drills('lab');
  const parts = [1, 2, 3].map((part) => expect.stringContaining(`1 of 3 files are as they were: part ${part} of 3`));
  expect(all.toReversed().map(({ why }) => why)).toEqual(parts);
  expect(all.every(({ ok, part }) => ok && part)).toBe(true);
  expect([p50Ms, samples]).toEqual([null, 0]);
  expect((await running.engine.drills(null)).all).toEqual(all);
  await running.stop();
});

/** What its machine says of itself, but for this. */
function says(
  machine: Awaited<ReturnType<typeof awake>>['machine'],
  change: (said: AgentStatus) => Partial<AgentStatus>,
) {
  const life = machine.life!;
  const status = life.status.bind(life);
  life.status = () => ({ ...status(), ...change(status()) });
  return () => {
    life.status = status;
  };
}

test('three backups in a row that failed are told, and two are not', async () => {
  const w = new World();
  const { machine, stop } = await awake(w);
  machine.life!.failures = 2;
  await w.clock.advance(5 * MINUTE);
  expect(alertsTold(w)).toEqual([]);
  machine.life!.failures = 3;
  await w.clock.advance(HOUR);
  expect(alertsTold(w)).toEqual(['alert.raised backups_failing']);
  machine.life!.failures = 0;
  await w.clock.advance(5 * MINUTE);
  expect(alertsTold(w)).toEqual(['alert.raised backups_failing', 'alert.resolved backups_failing']);
  await stop();
});

test('a backup that is late by more than five minutes is told, and so are keys of a machine that end soon', async () => {
  const w = new World();
  const { machine, stop } = await awake(w);
  const at = w.clock.now();
  const over = says(machine, ({ backup }) => ({ backup: { ...backup, changedAt: at, lastMs: null } }));
  await w.clock.advance(9 * MINUTE);
  expect(alertsTold(w)).toEqual([]);
  await w.clock.advance(3 * MINUTE);
  expect(alertsTold(w)).toEqual(['alert.raised backup_late']);
  over();
  await w.clock.advance(5 * MINUTE);
  expect(alertsTold(w).splice(1)).toEqual(['alert.resolved backup_late']);
  const renewed = says(machine, () => ({ credentialsUntil: w.clock.now() + 30 * MINUTE }));
  await w.clock.advance(5 * MINUTE);
  renewed();
  await w.clock.advance(5 * MINUTE);
  expect(alertsTold(w).splice(2)).toEqual(['alert.raised credentials_ending', 'alert.resolved credentials_ending']);
  await stop();
});

test('storage that is nearly full is told until there is a larger plan', async () => {
  const free = { ...DEFAULTS.plans.free, storageBytesMax: 1 };
  const w = new World({ plans: { ...DEFAULTS.plans, free } });
  const { engine, stop } = await asleep(w);
  await w.clock.advance(HOUR);
  expect(alertsTold(w)).toEqual(['alert.raised storage_full']);
  await engine.configure('lab', { plan: 'pro' }, ANA);
  await w.clock.advance(HOUR);
  expect(alertsTold(w)).toEqual(['alert.raised storage_full', 'alert.resolved storage_full']);
  await stop();
});

test('a repository that something holds for an hour is told, and its end', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  const { compact } = w.storage;
  for (let i = 0; i < 40; i++) {
    machine.write('workspace/train.py', `print(${i})`);
    await w.clock.advance(5 * MINUTE);
  }
  w.storage.compact = async () => {
    throw new Failure('repository_locked', { workspace: 'lab' });
  };
  await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(30 * MINUTE);
  expect(alertsTold(w)).toEqual([]);
  await w.clock.advance(2 * HOUR);
  expect(alertsTold(w)).toEqual(['alert.raised stuck_lock']);
  w.storage.compact = compact;
  await w.clock.advance(HOUR);
  expect(alertsTold(w)).toEqual(['alert.raised stuck_lock', 'alert.resolved stuck_lock']);
  await stop();
});

test('every alert says what to do, in both languages', () => {
  for (const { en, pt } of Object.values(ALERTS)) {
    expect(en).toMatch(/^[A-Z].{20,}\.$/);
    expect(pt).toMatch(/^[A-Z].{20,}\.$/);
  }
});
