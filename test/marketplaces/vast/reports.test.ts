import { expect, test } from 'vitest';
import { never, vastWorld } from './vast-world.ts';

const reportsAsked = (asked: readonly string[]) => asked.filter((call) => call.endsWith('/reports/'));

test('nobody waits for what renters complained of; the next look has it, and it is asked for once a day', async () => {
  const w = vastWorld({ machines: 24 });
  const first = await w.market.offers({}, never);
  expect(first.every(({ reports }) => reports === undefined)).toBe(true);
  await w.clock.sleep(60_000, never);
  const second = await w.market.offers({}, never);
  expect(second.every(({ reports }) => reports !== undefined)).toBe(true);
  const worst = w.account.fleet.toSorted((a, b) => a.quality - b.quality)[0]!;
  const counted = second.find(({ machine }) => machine === String(worst.machine_id));
  if (counted) expect(counted.reports, 'those of the last month').toBe(5);
  expect(Math.max(...second.map(({ reports = 0 }) => reports))).toBeGreaterThan(0);
  await w.clock.sleep(60_000, never);
  await w.market.offers({}, never);
  expect(reportsAsked(w.account.asked)).toHaveLength(first.length);
});

test('that vast does not tell them keeps nobody from renting', async () => {
  const w = vastWorld({ machines: 24 });
  const market = w.again(undefined, async (request, signal) =>
    request.url.includes('/reports/') ? { status: 404, text: 'nothing' } : await w.send(request, signal),
  );
  await market.offers({}, never);
  await w.clock.sleep(30_000, never);
  const offers = await market.offers({}, never);
  expect(offers.length).toBeGreaterThan(0);
  expect(offers.every(({ reports }) => reports === undefined)).toBe(true);
});

test('a page about one machine that nobody can read keeps no other from being read, and is not asked for again that day', async () => {
  const w = vastWorld({ machines: 24 });
  let unreadable = '';
  const asked: string[] = [];
  const market = w.again(undefined, async (request, signal) => {
    const page = /machines\/(\d+)\/reports/.exec(request.url)?.[1];
    if (page === undefined) return await w.send(request, signal);
    unreadable ||= page;
    asked.push(page);
    return page === unreadable ? { status: 200, text: '<html>' } : await w.send(request, signal);
  });
  const first = await market.offers({}, never);
  await w.clock.sleep(60_000, never);
  const second = await market.offers({}, never);
  const without = second.filter(({ reports }) => reports === undefined).map(({ machine }) => machine);
  expect([...new Set(without)]).toEqual([unreadable]);
  expect(second).toHaveLength(first.length);
  await w.clock.sleep(60_000, never);
  expect(asked.filter((page) => page === unreadable)).toHaveLength(1);
});
