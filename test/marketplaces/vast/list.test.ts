import { expect, test } from 'vitest';
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
