import { expect, test } from 'vitest';
import { INTERVALS_MS } from '../../engine/domain/plan.ts';
import { DEFAULTS } from '../../engine/domain/settings.ts';
import { priceOf, TYPICAL_DAY } from '../../engine/policy/plan-price.ts';

const { prices, plans, agent } = DEFAULTS;
const price = (intervalMs: number, days: number, copies = 2, day = TYPICAL_DAY) =>
  priceOf({ intervalMs, days, copies }, day, prices, agent.compareEveryMs);

test('on a typical day Free spends less on requests than on storage, with and without a vault', () => {
  for (const copies of [1, 2]) {
    const { requestsMicro, storageMicro } = price(plans.free.intervalMs, plans.free.days, copies);
    expect(requestsMicro).toBeLessThan(storageMicro);
  }
  const enterprise = price(plans.enterprise.intervalMs, plans.enterprise.days);
  expect(enterprise.requestsMicro, 'which is why it is not the default').toBeGreaterThan(enterprise.storageMicro);
});

test('a shorter interval never costs less, and a day on which nothing changes costs only its storage', () => {
  const totals = INTERVALS_MS.map((ms) => price(ms, 7).totalMicro);
  expect(totals).toEqual(totals.toSorted((a, b) => b - a));
  const quiet = { ...TYPICAL_DAY, changingHours: 0, hibernations: 0, changedBytes: 0, imageBytes: 0 };
  expect(price(10_000, 90, 1, quiet)).toEqual({
    requestsMicro: 0,
    storageMicro: 105_000,
    totalMicro: 105_000,
    backupsPerDay: 0,
  });
});

test('every ten seconds around the clock costs what was worked out by hand', () => {
  const day = { changingHours: 24, storedBytes: 7e9, changedBytes: 0, imageBytes: 0, hibernations: 0 };
  const { requestsMicro, backupsPerDay } = price(10_000, 90, 1, day);
  expect(backupsPerDay).toBe(8_640);
  // 259,200 backups of 14 calls that write and 7 that read, and 2,880 comparisons of 7 and 16.
  expect(requestsMicro).toBe(Math.round((259_200 * 14 + 2_880 * 7) * 4.5 + (259_200 * 7 + 2_880 * 16) * 0.36));
});

test('a wake image is paid for in one place, and with each time that it is written', () => {
  const bare = { ...TYPICAL_DAY, imageBytes: 0 };
  const [without, withOne] = [bare, { ...bare, imageBytes: 5e9 }].map((day) => price(plans.free.intervalMs, 7, 3, day));
  expect(withOne!.storageMicro - without!.storageMicro, '5 GB at $0.015').toBe(75_000);
  // Each quarter of four hours and once more before the machine sleeps: two calls that write and one that reads, 30 days.
  const asked = withOne!.requestsMicro - without!.requestsMicro;
  expect(Math.abs(asked - 30 * 17 * (2 * 4.5 + 0.36)), 'each is rounded').toBeLessThanOrEqual(1);
});
