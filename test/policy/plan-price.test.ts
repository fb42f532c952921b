import { expect, test } from 'vitest';
import { INTERVALS_MS } from '../../engine/domain/plan.ts';
import { DEFAULTS } from '../../engine/domain/settings.ts';
import { priceOf, rhythmOf, TYPICAL_DAY } from '../../engine/policy/plan-price.ts';

const { prices, plans } = DEFAULTS;
const HOUR = 3_600_000;
const price = (intervalMs: number, days: number, copies = 2, day = TYPICAL_DAY) =>
  priceOf({ intervalMs, days, copies }, day, prices, rhythmOf(DEFAULTS));

test('on a typical day Free spends less on requests than on storage, with and without a vault', () => {
  for (const copies of [1, 2]) {
    const { requestsMicro, storageMicro } = price(plans.free.intervalMs, plans.free.days, copies);
    expect(requestsMicro).toBeLessThan(storageMicro);
  }
  const enterprise = price(plans.enterprise.intervalMs, plans.enterprise.days);
  expect(enterprise.requestsMicro, 'which is why it is not the default').toBeGreaterThan(enterprise.storageMicro);
});

test('a shorter interval never costs less, and a day on which nothing changes its storage and its upkeep', () => {
  const totals = INTERVALS_MS.map((ms) => price(ms, 7).totalMicro);
  expect(totals).toEqual(totals.toSorted((a, b) => b - a));
  const quiet = { ...TYPICAL_DAY, changingHours: 0, hibernations: 0, changedBytes: 0, imageBytes: 0 };
  // A day: looked over with 5 lists, and checked with 4 and 14 reads; a drill each week of 5 and 426.
  const requestsMicro = Math.round(30 * ((5 + 4 + 5 / 7) * 4.5 + (1 + 14 + 426 / 7) * 0.36));
  expect(price(10_000, 90, 1, quiet)).toEqual({
    requestsMicro,
    storageMicro: 105_000,
    totalMicro: 105_000 + requestsMicro,
    backupsPerDay: 0,
  });
  const seen = price(10_000, 90, 2, quiet).requestsMicro - requestsMicro;
  expect(Math.abs(seen - 30 * (18 * 4.5 + 5 * 0.36)), 'and whether the vault has it all').toBeLessThanOrEqual(1);
});

test('a hibernation makes a backup of its own, and what is new goes into the vault by more calls than its objects', () => {
  const of = (hibernations: number, copies: number) =>
    price(24 * HOUR, 7, copies, { ...TYPICAL_DAY, hibernations, imageBytes: 0 });
  expect(of(1, 1).backupsPerDay).toBe(1);
  const own = of(1, 1).requestsMicro - of(0, 1).requestsMicro;
  // Made, entered and read back, put together, and a head start: 10 + 4 + 7 + 15 + 4 and 3 + 4 + 16 + 7 + 3; 100 MB are read in 96.
  expect(Math.abs(own - 30 * (40 * 4.5 + (33 + 96) * 0.36))).toBeLessThanOrEqual(1);
  const copy = of(1, 2).requestsMicro - of(1, 1).requestsMicro;
  expect(Math.abs(copy - 30 * ((24 + 12) * 4.5 + (22 + 96) * 0.36)), '100 MB are six packs').toBeLessThanOrEqual(1);
  const twice = of(1, 3).requestsMicro - of(1, 2).requestsMicro;
  expect(Math.abs(twice - copy), 'into each vault').toBeLessThanOrEqual(1);
});

test('every ten seconds around the clock costs what was worked out by hand', () => {
  const day = { changingHours: 24, storedBytes: 7e9, changedBytes: 0, imageBytes: 0, hibernations: 0 };
  const { requestsMicro, backupsPerDay } = price(10_000, 90, 1, day);
  expect(backupsPerDay).toBe(8_640);
  // 259,200 backups of 14 calls that write and 7 that read, and 2,880 comparisons of 7 and 16; looked after every ten minutes
  // with 5 and 1; 30 checks of 4 and 14, and a drill each week of 5 and 426.
  const a = 259_200 * 14 + 2_880 * 7 + 4_320 * 5 + 30 * 4 + (30 / 7) * 5;
  const b = 259_200 * 7 + 2_880 * 16 + 4_320 + 30 * 14 + (30 / 7) * 426;
  expect(requestsMicro).toBe(Math.round(a * 4.5 + b * 0.36));
});

test('a wake image is paid for in one place, and with each time that it is written', () => {
  const bare = { ...TYPICAL_DAY, imageBytes: 0 };
  const [without, withOne] = [bare, { ...bare, imageBytes: 5e9 }].map((day) => price(plans.free.intervalMs, 7, 3, day));
  expect(withOne!.storageMicro - without!.storageMicro, '5 GB at $0.015').toBe(75_000);
  // Each quarter of four hours and once more before the machine sleeps: three calls that write or list and one that reads, 30 days.
  const asked = withOne!.requestsMicro - without!.requestsMicro;
  expect(Math.abs(asked - 30 * 17 * (3 * 4.5 + 0.36)), 'each is rounded').toBeLessThanOrEqual(1);
});
