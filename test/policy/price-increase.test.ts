import { expect, test } from 'vitest';
import { costBetween, type Raise, rateAt } from '../../engine/domain/bill.ts';
import { endingRaise, isPaid, raisesOf, raiseWords } from '../../engine/policy/price-increase.ts';

const HOUR = 3_600_000;
const NOON = Date.UTC(2026, 10, 22, 12);
const raise = (change: Partial<Raise> = {}): Raise => ({
  id: '9',
  from: NOON,
  dollarsPerHour: 0.75,
  besides: null,
  agreed: true,
  ...change,
});

test.each([
  ['within the cap', raise(), 0.8, true],
  ['at the cap', raise(), 0.75, true],
  ['above it', raise(), 0.7, false],
  ['where nobody said what may be paid', raise(), undefined, false],
  ['where traffic gets dearer, which has no cap', raise({ besides: 'traffic in $1/GB instead of $0/GB' }), 0.8, false],
] as const)('a raise %s', (_, one, cap, paid) => {
  expect(isPaid(one, cap)).toBe(paid);
});

test('it costs more from its moment on, and only where somebody agreed', () => {
  const bill = { dollarsPerHour: 0.6, raises: [raise(), raise({ id: '10', from: NOON + HOUR, dollarsPerHour: 1 })] };
  expect(rateAt(bill, NOON - 1)).toBe(0.6);
  expect(rateAt(bill, NOON)).toBe(0.75);
  expect(costBetween(bill, NOON - HOUR, NOON + 2 * HOUR)).toBe(600_000 + 750_000 + 1_000_000);
  const silent = { ...bill, raises: [raise({ agreed: false })] };
  expect(costBetween(silent, NOON - HOUR, NOON + 2 * HOUR)).toBe(1_800_000);
});

test('a raise is known once; withdrawn it is forgotten, agreed to it stays', () => {
  const asked = { id: '9', instance: '1', moreDollarsPerHour: 0.15, besides: null, from: NOON };
  const [fresh] = raisesOf({ dollarsPerHour: 0.6, raises: [] }, [asked]);
  expect(fresh).toEqual(raise({ agreed: false }));
  expect(raisesOf({ dollarsPerHour: 0.6, raises: [fresh!] }, [asked])).toEqual([fresh]);
  expect(raisesOf({ dollarsPerHour: 0.6, raises: [fresh!] }, [])).toEqual([]);
  expect(raisesOf({ dollarsPerHour: 0.6, raises: [raise()] }, [])).toEqual([raise()]);
  const second = { ...asked, id: '11', from: NOON + HOUR };
  expect(raisesOf({ dollarsPerHour: 0.6, raises: [raise()] }, [second])[1]?.dollarsPerHour).toBe(0.9);
});

test('people are told both prices, from when, and what becomes of it', () => {
  expect(raiseWords(raise({ agreed: false }), 0.6, 0.7, NOON - 2 * HOUR)).toBe(
    'its host wants $0.75/h instead of $0.60/h from 12:00 UTC on; $0.70/h may be paid: it is saved and let go before',
  );
  expect(raiseWords(raise(), 0.6, 0.8, NOON - 20 * HOUR)).toBe(
    'its host wants $0.75/h instead of $0.60/h from 2026-11-22 12:00 UTC on; $0.80/h may be paid: that is paid',
  );
});

test('only a raise that nobody agreed to ends a rental', () => {
  expect(endingRaise({ raises: [raise({ agreed: false })] }, NOON - HOUR, HOUR)).not.toBeNull();
  expect(endingRaise({ raises: [raise({ agreed: false })] }, NOON - HOUR - 1, HOUR)).toBeNull();
  expect(endingRaise({ raises: [raise()] }, NOON, HOUR)).toBeNull();
});
