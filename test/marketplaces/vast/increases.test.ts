import { expect, test } from 'vitest';
import { spent } from '../../standins/vast/bill.ts';
import { expire } from '../../standins/vast/contract.ts';
import { gladly, never, PROMPT, vastWorld } from './vast-world.ts';

const MINUTE = 60_000;

async function rented(options = {}) {
  const w = vastWorld({ boot: PROMPT, traps: ['price-increase'], termMs: 10 * MINUTE, ...options });
  const [offer] = await w.market.offers({}, never);
  const instance = await w.market.rent(offer!, w.order(), gladly, never);
  const endsAt = w.account.rentals[0]!.terms[0]!.until;
  return { w, instance, endsAt, price: offer!.dollarsPerHour, base: w.account.rentals[0]!.terms[0]!.price };
}

test('what a host wants more is read with its price and the moment from which it holds', async () => {
  const { w, instance, endsAt, base } = await rented();
  const [increase, ...more] = await w.market.increases(never);
  expect(more).toEqual([]);
  expect(increase).toMatchObject({ id: '900', instance, besides: null, from: Math.round(endsAt) });
  expect(increase!.moreDollarsPerHour).toBeCloseTo(base / 4, 4);
});

test('agreed to, the rental goes on when its term ends, and costs more from then on alone', async () => {
  const { w, instance, endsAt, base } = await rented();
  const [increase] = await w.market.increases(never);
  await w.market.agree(increase!.id, never);
  await w.market.agree(increase!.id, never); // a second yes is no failure
  w.account.traps.clear();
  expect(await w.market.increases(never)).toEqual([]);
  await w.clock.sleep(endsAt - w.clock.now() - 1_000, never);
  const before = spent(w.account);
  await w.clock.sleep(10 * MINUTE, never);
  const [listed] = await w.market.list(never);
  expect(listed).toMatchObject({ instance, status: 'running' });
  expect(listed!.dollarsPerHour).toBeGreaterThan(base * 1.25);
  expect(spent(w.account) - before).toBeGreaterThan((base / 6) * 1.24);
});

test('with no word from us it stands still when its term ends, and two days later it is gone', async () => {
  const { w, endsAt } = await rented();
  await w.market.increases(never);
  w.account.traps.clear();
  await w.clock.sleep(endsAt - w.clock.now() + 1_000, never);
  expect((await w.market.list(never))[0]).toMatchObject({ status: 'stopped' });
  const later = { ...w.account, now: () => endsAt + 48 * 60 * MINUTE };
  expire({ ...later, now: () => later.now() - 1 });
  expect(w.account.rentals[0]!.endedAt).toBeNull();
  expire(later);
  expect(w.account.rentals[0]!.endedAt).not.toBeNull();
});

test('an increase that was withdrawn, or answered elsewhere, is agreed to in vain and harms nothing', async () => {
  const { w } = await rented();
  await w.market.agree('4711', never);
  expect(w.account.asked.at(-1)).toBe('PUT /api/v0/instances/accept-price-increase/');
});

test('dearer traffic is told in words, and a list that was cut is no list', async () => {
  const { w } = await rented();
  const row = {
    pending_price_increase_id: 1,
    contract_id: 2,
    old_gpu_costpersec: 0.0001,
    new_gpu_costpersec: 0.0002,
    old_disk_ram_costpersec: null,
    new_disk_ram_costpersec: null,
    old_bwd_cost: 0.01,
    new_bwd_cost: 0.02,
    old_platform_fee: 0.1,
    new_platform_fee: 0.15,
    contract_end_date: null,
  };
  let truncated = false;
  const answer = () => JSON.stringify({ success: true, truncated, pending_price_increases: [row] });
  const market = w.again(undefined, async () => ({ status: 200, text: answer() }));
  expect(await market.increases(never)).toEqual([
    {
      id: '1',
      instance: '2',
      moreDollarsPerHour: 0.36,
      besides: 'traffic in $0.02/GB instead of $0.01/GB, its fee 15 % instead of 10 %',
      from: w.clock.now(),
    },
  ]);
  truncated = true;
  await expect(market.increases(never)).rejects.toMatchObject({ code: 'marketplace_down' });
});
