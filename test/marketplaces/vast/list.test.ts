import { expect, test } from 'vitest';
import { costOf } from '../../standins/vast/bill.ts';
import { gladly, never, PROMPT, type VastWorld, vastWorld } from './vast-world.ts';

async function many(w: VastWorld, count: number): Promise<void> {
  const offers = await w.market.offers({}, never);
  for (let i = 0; i < count; i += 1) await w.market.rent(offers[i]!, w.order(`l${i}`), gladly, never);
}
const lists = (w: VastWorld): number => w.account.asked.filter((call) => call === 'GET /api/v1/instances/').length;

test('all pages of a long list come, and a page that lacks some makes it no list', async () => {
  const w = vastWorld();
  await many(w, 60);
  expect(await w.market.list(never)).toHaveLength(60);
  expect(lists(w)).toBe(3);
  w.account.traps.set('list-short', 1);
  await expect(w.market.list(never)).rejects.toMatchObject({ code: 'marketplace_down' });
});

test('a list that fails rejects, and one that fails now and then comes', async () => {
  const w = vastWorld({ traps: ['list-502'] });
  await expect(w.market.list(never)).rejects.toMatchObject({ code: 'marketplace_down' });
  w.account.traps.set('list-502', 0.3);
  expect(await w.market.list(never)).toEqual([]);
});

test('a key that may do less than list machines is told so, whichever it is', async () => {
  const w = vastWorld();
  await many(w, 1);
  for (const key of ['b'.repeat(64), w.account.rentals[0]!.key])
    await expect(w.again(key).list(never)).rejects.toMatchObject({ code: 'marketplace_key' });
});

test('those who ask at once share one call, and whoever asks later gets a newer one', async () => {
  const w = vastWorld();
  await Promise.all(Array.from({ length: 14 }, () => w.market.list(never)));
  expect(lists(w)).toBe(1);
  await w.market.list(never);
  expect(lists(w)).toBe(2);
  const first = w.market.list(never);
  await w.clock.sleep(1_200, never); // it has left
  await Promise.all([first, w.market.list(never), w.market.list(never)]);
  expect(lists(w)).toBe(4);
});

test('who does not wait any more leaves alone', async () => {
  const w = vastWorld();
  const leaves = new AbortController();
  const left = w.market.list(leaves.signal);
  const stays = w.market.list(never);
  leaves.abort(new Error('enough'));
  await expect(left).rejects.toThrow('enough');
  expect(await stays).toEqual([]);
});

test.each([
  ['well', 'running', true],
  ['no-ports', 'running', true],
  ['stuck', 'loading', false],
  ['exits', 'exited', false],
  ['oci', 'exited', false],
  ['offline', 'unknown', false],
] as const)('a machine that fares %s is listed as %s', async (fate, status, reached) => {
  const w = vastWorld({ boot: () => ({ ...PROMPT(), fate, loadingMs: fate === 'stuck' ? Infinity : 20_000 }) });
  await many(w, 1);
  await w.clock.sleep(60_000, never);
  const [row] = await w.market.list(never);
  expect(row).toMatchObject({ status, label: 'l0' });
  expect(row!.address !== null).toBe(reached);
  if (fate === 'well') expect(row!.address!.host).toMatch(/^203\.0\.\d+\.\d+$/);
  if (fate === 'no-ports') expect(row!.address!.host, 'through the door of vast').toBe('ssh7.vast.ai');
});

test('an interruptible machine for which somebody bids more is listed as stopped, and its disk is billed on', async () => {
  const w = vastWorld({ boot: PROMPT });
  const spot = (await w.market.offers({ spot: true }, never)).find((offer) => offer.spot)!;
  await w.market.rent(spot, w.order(), gladly, never);
  await w.until(async () => (await w.market.list(never))[0]?.status === 'running');
  w.account.traps.set('outbid', 1);
  expect(await w.market.list(never)).toMatchObject([{ status: 'stopped', address: null }]);
  const before = costOf(w.account, w.account.rentals[0]!);
  await w.clock.sleep(3_600_000, never);
  const after = costOf(w.account, w.account.rentals[0]!);
  expect([after.gpu === before.gpu, after.disk > before.disk]).toEqual([true, true]);
});

test('with the credit gone every machine is listed as ended', async () => {
  const w = vastWorld({ boot: PROMPT, credit: 0.01 });
  const [offer] = await w.market.offers({}, never);
  await w.market.rent(offer!, w.order(), gladly, never);
  await w.until(async () => (await w.market.list(never))[0]?.status === 'exited');
  await expect(w.market.rent((await w.market.offers({}, never))[0]!, w.order(), gladly, never)).rejects.toMatchObject({
    code: 'no_credit',
  });
});
