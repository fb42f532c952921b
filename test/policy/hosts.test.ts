import { expect, test } from 'vitest';
import type { Boot } from '../../engine/domain/journals.ts';
import { bandwidth, expectation, failedLately, remember } from '../../engine/policy/hosts.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = 100 * DAY;
let starts = 0;

/** A stage of a start of its own, unless it says of which. */
function boot(facts: Partial<Boot> = {}): Boot {
  const base = { at: NOW, marketplace: 'vast', physical: 'p1', host: 'h1', image: 'torch' } as const;
  starts += 1;
  return { ...base, machine: `m${starts}`, stage: 'booting', ms: 20_000, ok: true, why: 'SSH answers', ...facts };
}
const times = (count: number, facts: Partial<Boot> = {}): readonly Boot[] =>
  Array.from({ length: count }, () => boot(facts));
const failed = (hoursAgo: number, facts: Partial<Boot> = {}): Boot =>
  boot({ at: NOW - hoursAgo * HOUR, ok: false, why: 'it ended while it booted', ...facts });
const NEW = { image: 'torch', restoreGb: 0, restoreMs: 0 };
const ready = (own: readonly Boot[], kin: readonly Boot[] = []): number =>
  Math.round(expectation(own, kin, NEW, NOW).readyMs / 1_000);

test.each([
  ['a stranger is taken for average', [], [], 60],
  ['one quick start says a little', times(1), [], 50],
  ['ten say nearly all', times(10), [], 35],
  ['ten of another image say half as much', times(10, { image: 'jax' }), [], 39],
  ['what was four months ago has faded', times(10, { at: NOW - 120 * DAY }), [], 60],
  ['the owner’s other machines say something', [], times(10), 43],
  ['a slow install counts as a slow boot does', times(10, { stage: 'installing', ms: 37_000 }), [], 85],
  ['so does a slow rental', times(10, { stage: 'renting', ms: 33_000 }), [], 85],
  ['what failed at once was not quick', times(10, { ms: 2_000, ok: false }), [], 60],
  ['what was given up counts with its time', times(10, { ms: 110_000, ok: false }), [], 110],
] as const)('until it is ready: %s', (_, own, kin, seconds) => {
  expect(ready(own, kin)).toBe(seconds);
});

test.each([
  ['by its line alone, where nothing was restored yet', [], 100],
  ['restores of as much say nearly all', times(10, { stage: 'restoring', ms: 40_000, restoredGb: 7 }), 50],
  ['restores of much less say little', times(10, { stage: 'restoring', ms: 4_000, restoredGb: 0 }), 94],
  ['of unknown size nothing', times(10, { stage: 'restoring', ms: 4_000 }), 100],
] as const)('how long a restore takes: %s', (_, own, seconds) => {
  const wanted = { image: 'torch', restoreGb: 7, restoreMs: 100_000 };
  expect(Math.round(expectation(own, [], wanted, NOW).restoreMs / 1_000)).toBe(seconds);
});

test.each([
  ['a stranger', [], 20],
  ['ten good starts', times(10), 3],
  ['it failed at any stage', times(10, { stage: 'restoring', ok: false }), 87],
  ['the stages of one start are one start', [1, 2, 3].map(() => boot({ machine: 'same' })), 13],
  ['one that was let go says nothing', times(10, { stage: 'renting' }), 20],
] as const)('how likely it fails: %s', (_, own, percent) => {
  expect(Math.round(expectation(own, [], NEW, NOW).failure * 100)).toBe(percent);
});

test('what was measured of its line says more than its marketplace, and what was long ago less', () => {
  const at = (mbps: number, days = 0): Boot => boot({ stage: 'installing', mbps, at: NOW - days * DAY });
  expect(bandwidth([], 1_000, NOW)).toBe(1_000);
  expect(Math.round(bandwidth([at(100)], 1_000, NOW))).toBe(122);
  expect(Math.round(bandwidth([at(100), at(900, 56)], 1_000, NOW))).toBe(127);
});

test.each([
  ['never started', [], null],
  ['one failure', [failed(1)], 'its last start failed: it ended while it booted'],
  ['six hours later it may again', [failed(7)], null],
  ['a second one counts longer', [failed(7), failed(30)], 'its last 2 starts failed: it ended while it booted'],
  ['a good start ends that', [boot(), failed(1), failed(2)], null],
  [
    'one that was let go does not',
    [boot({ stage: 'renting' }), failed(1)],
    'its last start failed: it ended while it booted',
  ],
  ['slow once is not failed', [failed(1, { slow: true })], null],
  [
    'slow twice is',
    [failed(1, { slow: true, why: 'slow' }), failed(2, { slow: true })],
    'its last 2 starts failed: slow',
  ],
] as const)('what failed lately is left alone: %s', (_, own, why) => {
  expect(failedLately(own, NOW)).toBe(why);
});

test('the middle and the slowest of each stage are kept, and how fast storage came', () => {
  const stages = [10, 20, 30, 40].map((s) => boot({ ms: s * 1_000 }));
  const installing = [300, 500, 900].map((mbps) => boot({ stage: 'installing', ms: 3_000, mbps }));
  const memory = remember([...stages, ...installing], NOW).get('vast/p1');
  expect(memory).toMatchObject({
    starts: 7,
    failures: 0,
    stages: { booting: { p50: 20_000, p95: null, slowest: 40_000, samples: 4 } },
    mbps: 500,
    passedOver: null,
  });
});

test('of twenty starts there is a P95', () => {
  const all = Array.from({ length: 20 }, (_, i) => boot({ ms: (i + 1) * 1_000 }));
  expect(remember(all, NOW).get('vast/p1')?.stages.booting).toMatchObject({ p95: 19_000, slowest: 20_000 });
});

test('a host is passed over for its failures, or for its slowness against all others', () => {
  const failing = [...times(4, { physical: 'bad', ok: false, at: NOW - DAY }), boot({ physical: 'bad' })];
  const slow = times(5, { physical: 'slow', ms: 240_000 });
  const known = remember([...failing, ...slow, ...times(20)], NOW);
  expect([...known].map(([name, { passedOver }]) => [name, passedOver])).toEqual([
    ['vast/bad', '4 of 5 starts failed'],
    ['vast/slow', 'takes 240 s; half of all start within 20 s'],
    ['vast/p1', null],
  ]);
});
