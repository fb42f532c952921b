import { expect, test } from 'vitest';
import { dueReport, nextReport, periodOf } from '../../engine/policy/next-due.ts';
import { ANA, MINUTE, World } from '../fakes/world.ts';

const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const LISBON = { id: 'rp1', every: 'daily' as const, time: '01:30', zone: 'Europe/Lisbon' };
const report = (over: object = {}) => ({
  guild: '1',
  channel: '2',
  every: 'daily' as const,
  time: '09:00',
  zone: 'America/Sao_Paulo',
  language: 'pt' as const,
  workspace: null,
  ...over,
});
const due = (w: World) => w.told.filter((talk) => talk.event === 'report.due');

const at = (day: number, month: number, hour: number, minute: number) => Date.UTC(2026, month - 1, day, hour, minute);
test.each([
  // 01:30 is 01:30 by UTC in winter and 00:30 in summer; on the 29th of March there is no such time before 02:00.
  ['set forward, over that very time', Date.UTC(2026, 2, 28), [at(28, 3, 1, 30), at(29, 3, 1, 0), at(30, 3, 0, 30)]],
  [
    'set back, so that the time comes twice',
    Date.UTC(2026, 9, 24),
    [at(24, 10, 0, 30), at(25, 10, 0, 30), at(26, 10, 1, 30)],
  ],
])('on the day when clocks are %s a report is due once a day, by the clock there', (_, from, clock) => {
  const times: number[] = [];
  for (let at = nextReport(LISBON, from); at < from + 3 * DAY; at = nextReport(LISBON, at)) times.push(at);
  expect(new Set(times.map((at) => new Date(at).toISOString().slice(0, 10))).size).toBe(3);
  expect(times).toHaveLength(3);
  for (const [i, due] of times.entries()) {
    expect(due, 'the first of the two, or right after the gap').toBeGreaterThanOrEqual(clock[i]!);
    expect(due - clock[i]!, 'but for the minutes over which many are spread').toBeLessThan(5 * MINUTE);
  }
});

test('many are spread over some minutes, and each keeps its own', () => {
  const times = Array.from({ length: 50 }, (_, i) => nextReport({ ...LISBON, id: `rp${i * 7}` }, Date.UTC(2026, 5, 1)));
  expect(new Set(times.map((at) => Math.floor(at / 1_000))).size).toBeGreaterThan(25);
  expect(Math.max(...times) - Math.min(...times)).toBeLessThan(5 * MINUTE);
});

test('told once each day across restarts, and once for the days that an engine slept through', async () => {
  const w = new World();
  let { engine, stop } = await w.start();
  await engine.planReport(report(), ANA);
  for (let i = 0; i < 4; i += 1) {
    await w.clock.advance(6 * HOUR);
    await stop();
    ({ engine, stop } = await w.start());
  }
  expect(due(w)).toHaveLength(1);
  expect(due(w)[0]).toMatchObject({ language: 'pt', from: Date.UTC(2025, 11, 31), until: Date.UTC(2026, 0, 1) });
  await stop();
  await w.clock.advance(3 * DAY);
  ({ engine, stop } = await w.start());
  await w.clock.advance(5 * MINUTE);
  expect(due(w)).toHaveLength(2);
  await stop();
});

test('a crash right after it was told makes it told again, under the same name', async () => {
  const w = new World();
  let { engine, stop } = await w.start();
  await engine.planReport(report(), ANA);
  const save = w.store.save.bind(w.store);
  w.store.save = async (kind, row) => {
    if (kind === 'reports') throw new Error('the power went');
    return await save(kind, row);
  };
  await w.clock.advance(13 * HOUR);
  w.store.save = save;
  await stop();
  ({ engine, stop } = await w.start());
  await w.clock.advance(5 * MINUTE);
  expect(new Set(due(w).map((talk) => 'due' in talk && talk.due)).size).toBe(1);
  expect(dueReport((await engine.reports())[0]!, w.clock.now())).toBeNull();
  await stop();
});

test('it is about the whole days before, also where the zone is ahead of UTC', () => {
  const auckland = nextReport(
    { id: 'x', every: 'monthly', time: '00:30', zone: 'Pacific/Auckland' },
    Date.UTC(2026, 6, 15),
  );
  expect(periodOf('monthly', auckland)).toEqual({ from: Date.UTC(2026, 6, 1), until: Date.UTC(2026, 7, 1) });
  const monday = nextReport({ id: 'x', every: 'weekly', time: '09:00', zone: 'UTC' }, Date.UTC(2026, 7, 5));
  const week = { from: Date.UTC(2026, 7, 3), until: Date.UTC(2026, 7, 10) };
  expect(periodOf('weekly', monday)).toEqual(week);
  for (const [zone, time] of [
    ['Pacific/Auckland', '09:00'],
    ['America/Sao_Paulo', '21:00'],
    ['America/Los_Angeles', '18:00'],
  ] as const) {
    const there = nextReport({ id: 'x', every: 'weekly', time, zone }, Date.UTC(2026, 7, 5));
    expect(periodOf('weekly', there), `Monday at ${time} in ${zone}`).toEqual(week);
  }
});

test.each(['weekly', 'monthly'] as const)('a %s report waits until all of its hours are over by UTC', async (every) => {
  const w = new World();
  const { engine, stop } = await w.start();
  await engine.planReport(report({ every, zone: 'Pacific/Auckland' }), ANA);
  for (let day = 0; day < 33; day += 1) {
    await w.clock.advance(DAY);
    const at = w.clock.now();
    for (const talk of due(w)) expect('until' in talk && talk.until).toBeLessThan(at);
    if (due(w).length > 0) break;
  }
  expect(due(w)).toHaveLength(1);
  const [talk] = due(w) as { due: number; until: number }[];
  expect(talk!.due - talk!.until).toBeGreaterThanOrEqual(2 * MINUTE);
  expect(talk!.due - talk!.until).toBeLessThan(10 * MINUTE);
  await stop();
});

test('a zone or a time that does not exist is refused', async () => {
  const w = new World();
  const { engine, stop } = await w.start();
  await expect(engine.planReport(report({ zone: 'Mars/Olympus' }), ANA)).rejects.toThrow('is no time zone');
  await expect(engine.planReport(report({ time: '25:00' }), ANA)).rejects.toThrow('is no time');
  await stop();
});
