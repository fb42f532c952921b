import { expect, test } from 'vitest';
import { gladly, never, PROMPT, type VastWorld, vastWorld } from './vast-world.ts';

async function fleet(w: VastWorld, count: number): Promise<readonly string[]> {
  const offers = await w.market.offers({}, never);
  const instances: string[] = [];
  for (let i = 0; i < count; i += 1) instances.push(await w.market.rent(offers[i]!, w.order(`l${i}`), gladly, never));
  return instances;
}
const all = async (w: VastWorld, instances: readonly string[]): Promise<void> =>
  void (await Promise.all(instances.map((one) => w.market.destroy(one, never))));
const live = (w: VastWorld): number => w.account.rentals.filter(({ endedAt }) => endedAt === null).length;
const calls = (w: VastWorld): readonly string[] => w.account.asked.filter((call) => call.startsWith('DELETE'));

test('fourteen losers go in one call for many, not in 42 s', async () => {
  const w = vastWorld({ boot: PROMPT });
  const instances = await fleet(w, 14);
  await w.market.destroy(instances[0]!, never); // the line is busy now
  const from = w.clock.now();
  await all(w, instances.slice(1));
  expect(live(w)).toBe(0);
  expect(calls(w)).toEqual([`DELETE /api/v0/instances/${instances[0]}/`, 'DELETE /api/v0/instances/']);
  expect(w.clock.now() - from).toBeLessThan(5_000);
});

test('where calls for many are not known they go one by one', async () => {
  const w = vastWorld({ traps: ['bulk-missing'] });
  const instances = await fleet(w, 5);
  await all(w, instances);
  expect(live(w)).toBe(0);
  expect(calls(w).filter((call) => call === 'DELETE /api/v0/instances/')).toHaveLength(1);
});

test('one refusal of a call for many does not last', async () => {
  const w = vastWorld({ traps: ['bulk-missing'], boot: PROMPT });
  await all(w, await fleet(w, 3));
  w.account.traps.clear();
  await w.clock.sleep(3_600_000, never);
  const instances = await fleet(w, 6);
  await w.market.destroy(instances[0]!, never);
  const before = calls(w).length;
  await all(w, instances.slice(1));
  expect([live(w), calls(w).slice(before)]).toEqual([0, ['DELETE /api/v0/instances/']]);
});

test('who was forgotten in a call for many goes alone the second time', async () => {
  const w = vastWorld({ traps: ['bulk-half'] });
  const instances = await fleet(w, 6);
  await all(w, instances);
  expect(live(w)).toBeGreaterThan(0);
  await all(w, instances);
  expect(live(w)).toBe(0);
});

test.each(['destroy-429', 'destroy-502', 'destroy-lost'])('%s now and then does not keep a machine', async (trap) => {
  const w = vastWorld({ traps: [`${trap}=0.3`] });
  const instances = await fleet(w, 3);
  for (const instance of instances) await w.market.destroy(instance, never);
  expect(live(w)).toBe(0);
});

test('a 404 for a bad key is not taken for a machine that is gone', async () => {
  const w = vastWorld();
  const [instance] = await fleet(w, 1);
  await expect(w.again('b'.repeat(64)).destroy(instance!, never)).rejects.toMatchObject({
    code: 'marketplace_key',
  });
  await w.market.destroy(instance!, never);
  await w.market.destroy(instance!, never);
  expect(live(w)).toBe(0);
});

test('who gives up while it waits for its turn destroys nothing', async () => {
  const w = vastWorld();
  const [first, second, third] = await fleet(w, 3);
  const leaves = new AbortController();
  await w.market.destroy(first!, never);
  const left = w.market.destroy(second!, leaves.signal);
  const stays = w.market.destroy(third!, never);
  leaves.abort(new Error('the lease is over'));
  await expect(left).rejects.toThrow('the lease is over');
  await stays;
  expect(w.account.rentals.map(({ endedAt }) => endedAt === null)).toEqual([false, true, false]);
});
