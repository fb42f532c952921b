import { expect, test } from 'vitest';
import { MICRO } from '../../../engine/domain/money.ts';
import { openVast } from '../../standins/vast/account.ts';
import { openLimits } from '../../standins/vast/limits.ts';
import { TRAPS } from '../../standins/vast/traps.ts';
import { gladly, never, PROMPT, vastWorld } from './vast-world.ts';

test.each([
  ['a wrong key', 'b'.repeat(64), 'Invalid user key'],
  ['a key whose session has ended', 'c'.repeat(64), 'Your session has expired.'],
] as const)('%s is named as such whatever is asked, and nothing is rented', async (_, key, words) => {
  const w = vastWorld();
  w.account.keys.set('c'.repeat(64), 'expired');
  const market = w.again(key);
  const [offer] = await w.market.offers({}, never);
  const facts = { code: 'marketplace_key', facts: { setting: 'DUMONT_VAST_KEY', why: words } };
  await expect(market.offers({}, never)).rejects.toMatchObject(facts);
  await expect(market.rent(offer!, w.order(), gladly, never)).rejects.toMatchObject(facts);
  await expect(market.list(never)).rejects.toMatchObject(facts);
  await expect(market.credit(never)).rejects.toMatchObject(facts);
  expect(w.account.rentals).toEqual([]);
});

test('without a key vast may be searched, and nothing more', async () => {
  const w = vastWorld();
  const market = w.again('');
  const [offer] = await market.offers({}, never);
  const facts = { code: 'marketplace_key', facts: { why: 'This action requires login.' } };
  await expect(market.rent(offer!, w.order(), gladly, never)).rejects.toMatchObject(facts);
  await expect(market.list(never)).rejects.toMatchObject(facts);
  expect(w.account.rentals).toEqual([]);
});

test('charges agree with what ran, part by part', async () => {
  const w = vastWorld({ boot: PROMPT });
  const from = w.clock.now();
  const offer = (await w.market.offers({}, never)).find(({ dollarsPerGbDown }) => dollarsPerGbDown > 0.005)!;
  const instance = await w.market.rent(offer, w.order('dumont-t-m1-lab'), gladly, never);
  await w.clock.sleep(2 * 3_600_000, never);
  await w.market.destroy(instance, never);
  const lines = await w.market.charges(from, never);
  const part = (kind: string): number =>
    lines.filter((line) => line.for === kind).reduce((sum, { micro }) => sum + micro / MICRO, 0);
  expect(new Set(lines.map((line) => line.instance))).toEqual(new Set([instance]));
  expect(new Set(lines.map(({ id }) => id)).size).toBe(lines.length);
  expect(part('gpu') / w.account.rentals[0]!.terms[0]!.price).toBeCloseTo(2, 1);
  expect(part('bandwidth')).toBeCloseTo(5.5 * offer.dollarsPerGbDown, 2);
  expect(part('disk')).toBeGreaterThan(0);
  const left = Number(await w.market.credit(never)) / MICRO;
  expect(left).toBeCloseTo(50 - part('gpu') - part('bandwidth') - part('disk'), 1);
});

test('what GPUs go for', async () => {
  const w = vastWorld();
  const prices = await w.market.prices(never);
  const mine = prices.find(({ gpu }) => gpu === 'RTX 4090')!;
  expect(mine.p25!).toBeLessThan(mine.median!);
});

test('the key with which a machine ends itself outlives the engine, in a file for its owner alone', async () => {
  const w = vastWorld({ boot: PROMPT });
  const [offer] = await w.market.offers({}, never);
  const instance = await w.market.rent(offer!, w.order(), gladly, never);
  expect(await w.again().endCall(instance)).toEqual(await w.market.endCall(instance));
  expect(await w.market.endCall(instance)).not.toBeNull();
});

test('the stand-in keeps the published distances, and words its refusals in three ways', async () => {
  let now = 0;
  const early = openLimits(() => now);
  const create = 'PUT /api/v0/asks/5/';
  expect([early(create, 'k'), early(create, 'k'), early(create, 'another')]).toEqual([null, 4.5, null]);
  now = 4_499;
  expect(early('PUT /api/v0/asks/6/', 'k')).toBe(4.5);
  now = 4_500;
  expect(early(create, 'k')).toBeNull();
  for (let i = 0; i < 10; i += 1) expect(early('POST /api/v0/bundles/', 'k')).toBeNull();
  expect(early('POST /api/v0/bundles/', 'k')).not.toBeNull();
  expect(Object.keys(TRAPS).length).toBeGreaterThan(25);
  expect(openVast({ now: () => 0 }).fleet.length).toBe(240);
});
