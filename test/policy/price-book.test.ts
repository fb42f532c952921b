import { expect, test } from 'vitest';
import { PRICE_BOOKS, restoreCharge, storageCharge } from '../../engine/policy/price-book.ts';

const GB = 1e9;

test.each([
  [50, 0],
  [100, 0.5],
  [500, 4.5],
  [5_000, 40.5],
  [6_000, 45.5],
])('by the standard book %i GB cost $%f a month', (gb, dollars) => {
  expect(storageCharge(PRICE_BOOKS.standard, gb * GB)).toBe(dollars * 1e6);
});

test.each([
  [10, 0],
  [100, 1.35],
  [1_000, 10.35],
])('by the small one %i GB cost $%f a month', (gb, dollars) => {
  expect(storageCharge(PRICE_BOOKS.small, gb * GB)).toBe(dollars * 1e6);
});

test('a restore costs a cent per GB, an upload nothing', () => {
  expect(restoreCharge(PRICE_BOOKS.standard, 7 * GB)).toBe(70_000);
  expect(PRICE_BOOKS.standard.uploadMicroPerGb).toBe(0);
});
