import { expect, test } from 'vitest';
import { planLines } from '../../engine/cli/plan-lines.ts';
import { clip, pad, widthOf } from '../../engine/cli/text-width.ts';
import { ago, bytes, bytesOf, count, duration, stopwatch } from '../../engine/cli/words.ts';
import { near } from '../../engine/domain/near.ts';

test.each([
  [0, '0.0 s', '0:00'],
  [400, '0.4 s', '0:00'],
  [34_900, '34 s', '0:34'],
  [60_000, '1 min', '1:00'],
  [112_000, '1 min 52 s', '1:52'],
  [7_500_000, '2 h 5 min', '2:05:00'],
  [273_600_000, '3 d 4 h', '76:00:00'],
])('%i ms reads %s, on a running clock %s', (ms, long, short) => {
  expect([duration(ms), stopwatch(ms)]).toEqual([long, short]);
});

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1_000, '1.0 kB'],
  [196_000_000, '196 MB'],
  [999_600_000, '1.0 GB'],
  [7_200_000_000, '7.2 GB'],
])('%i bytes read %s', (size, words) => {
  expect(bytes(size)).toBe(words);
});

test('the unit is said once where both sizes have it', () => {
  expect(bytesOf(3.9e9, 7.2e9)).toBe('3.9 of 7.2 GB');
  expect(bytesOf(196e6, 7.2e9)).toBe('196 MB of 7.2 GB');
});

test('counts have their thousands marked, and times say how long ago', () => {
  expect([count(4_410), count(12), count(1_234_567)]).toEqual(['4,410', '12', '1,234,567']);
  const now = 1_000_000_000;
  expect([4_000, 50_000, 300_000, 90_000_000, 200_000_000].map((ms) => ago(now - ms, now))).toEqual([
    'just now',
    '50 s ago',
    '5 min ago',
    '25 h ago',
    '2 d ago',
  ]);
});

test('a text is cut by the columns it takes, not by its letters', () => {
  expect([widthOf('São Paulo'), widthOf('東京'), widthOf('e\u0301')]).toEqual([9, 4, 1]);
  expect([clip('東京タワー', 5), clip('eu-west', 7), clip('eu-west-1', 7), clip('abc', 0)]).toEqual([
    '東京…',
    'eu-west',
    'eu-wes…',
    '',
  ]);
  expect([pad('東京', 6), pad('1', 3, 'right')]).toEqual(['東京  ', '  1']);
});

test.each([
  ['stauts', ['status']],
  ['hib', ['hibernate']],
  ['snapshot', ['snapshot', 'snapshots']],
  ['lgos', ['logs']],
  ['xyzzy', []],
])('"%s" was meant as %j', (given, meant) => {
  const known = ['status', 'hibernate', 'snapshot', 'snapshots', 'logs', 'wake'];
  expect(near(given, known)).toEqual(meant);
});

const price = {
  prices: { of: 'Amazon S3', paid: true },
  bytes: 8e6,
  requests_dollars: 0.000029,
  out_dollars: 0.00072,
  price_book: 'standard' as const,
  charge_dollars: 0.00008,
};
const ASKS = 'asks $0.0007 (requests $0.0000, what leaves it $0.0007)';

test('a plan of a restore says what is overwritten, whether it is staged or in place, and what storage asks by whose prices', () => {
  const onMachine = { same: 1, in_the_way: 2, in_the_way_bytes: 5e6, rounds: 1 };
  const plan = { files: 4, bytes: 8e6, on_machine: onMachine, sets_aside: null, price, quote: null };
  expect(planLines(plan, false)).toEqual([
    '  4 files, 8.0 MB; 1 of them there already as they were',
    '  overwrites 2 files, 5.0 MB, after a checkpoint that holds what is there now',
    '  staged: all of it is fetched and compared before the first file is replaced',
    `  storage ${ASKS}: the prices of Amazon S3; the price book standard charges $0.0001`,
  ]);
  const nothing = { ...price, prices: { of: 'Amazon S3', paid: false } };
  expect(planLines({ ...plan, price: nothing }, false).at(-1)).toContain(
    `storage here asks nothing; Amazon S3 would ask ${ASKS.slice(5)}`,
  );
  expect(planLines({ ...plan, on_machine: { ...onMachine, rounds: 3 } }, true).slice(1, 3)).toEqual([
    '  2 files of that name there already: kept, with the copy beside',
    '  in place, in 3 parts, each compared before it takes its place, since there is no room for all of it twice; cut off, it goes on where it was',
  ]);
  const aside = { snapshot_id: 'ab'.repeat(32), created_at: '2025-06-04T09:00:00Z', until: '2025-09-02T09:00:00Z' };
  expect(planLines({ ...plan, on_machine: null, sets_aside: aside }, false).at(-1)).toBe(
    '  abababab of 2025-06-04 09:00, the newest, is left behind and stays until 2025-09-02 09:00',
  );
});
