import { expect, test } from 'vitest';
import type { Boot } from '../../engine/domain/journals.ts';
import { expectation, remember } from '../../engine/policy/hosts.ts';

const DAY = 86_400_000;
const NOW = 100 * DAY;

function boot(facts: Partial<Boot> = {}): Boot {
  const base = { at: NOW, machine: 'm', marketplace: 'vast', physical: 'p1', host: 'h1', image: 'torch' } as const;
  return { ...base, stage: 'booting', ms: 20_000, ok: true, why: 'SSH answers', ...facts };
}
const times = (count: number, facts: Partial<Boot> = {}): readonly Boot[] =>
  Array.from({ length: count }, () => boot(facts));
const ready = (own: readonly Boot[], kin: readonly Boot[] = [], image: string | null = 'torch'): number =>
  Math.round(expectation(own, kin, image, NOW).readyMs / 1_000);

test.each([
  ['a stranger is taken for average', [], [], 60],
  ['one quick start says a little', times(1), [], 47],
  ['ten say nearly all', times(10), [], 27],
  ['ten of another image say half as much', times(10, { image: 'jax' }), [], 31],
  ['what was four months ago has faded', times(10, { at: NOW - 120 * DAY }), [], 59],
  ['the owner’s other machines say something', [], times(10), 38],
] as const)('%s', (_, own, kin, seconds) => {
  expect(ready(own, kin)).toBe(seconds);
});

test('the middle and the slowest of each stage are kept, and how fast storage came', () => {
  const stages = [10, 20, 30, 40].map((s) => boot({ ms: s * 1_000 }));
  const installing = [300, 500, 900].map((mbps) => boot({ stage: 'installing', ms: 3_000, mbps }));
  const memory = remember([...times(1, { stage: 'renting' }), ...stages, ...installing], NOW).get('vast/p1');
  expect(memory).toMatchObject({
    starts: 1,
    failures: 0,
    stages: { booting: { p50: 20_000, p95: 40_000, samples: 4 } },
    mbps: 500,
    passedOver: null,
  });
});

test('a host is passed over for its failures, or for its slowness against all others', () => {
  const failing = times(4, { physical: 'bad', ok: false, why: 'it ended while it booted' });
  const rented = times(5, { physical: 'bad', stage: 'renting' });
  const slow = times(5, { physical: 'slow', ms: 240_000 });
  const known = remember([...failing, ...rented, ...slow, ...times(20)], NOW);
  expect([...known].map(([name, { passedOver }]) => [name, passedOver])).toEqual([
    ['vast/bad', '4 of 5 starts failed'],
    ['vast/slow', 'takes 240 s; half of all start within 20 s'],
    ['vast/p1', null],
  ]);
});
