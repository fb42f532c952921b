import { expect, test } from 'vitest';
import type { Order } from '../../../engine/domain/marketplace.ts';
import { Secret } from '../../../engine/domain/secret.ts';
import { runpod } from '../../../engine/marketplaces/runpod/runpod.ts';
import { podKey } from '../../standins/runpod/account.ts';
import { ORDER } from '../standin-world.ts';
import { openRunpodWorld, type RunpodWorld } from './runpod-world.ts';

const never = new AbortController().signal;
const gladly = async (): Promise<void> => undefined;
const order: Order = { ...ORDER, label: 'dumont-t-m1-lab' };

async function rent({ marketplace, need }: RunpodWorld): Promise<string> {
  const [offer] = await marketplace.offers(need, never);
  return await marketplace.rent(offer!, order, gladly, never);
}

/** What each refusal is called. None of them leaves a pod. */
const REFUSALS = [
  {
    why: 'no stock, whatever the catalog says',
    set: (w: RunpodWorld) => w.account.traps.add('no-capacity'),
    code: 'offer_taken',
  },
  { why: 'a limit on spending', set: (w: RunpodWorld) => w.account.traps.add('spend-limit'), code: 'spend_limit' },
  {
    why: 'five machines that pass $80 an hour together',
    set: (w: RunpodWorld) => Object.assign(w.account, { spendLimit: 0.1 }),
    code: 'spend_limit',
  },
  { why: 'no credit', set: (w: RunpodWorld) => Object.assign(w.account, { deposit: 0.1 }), code: 'no_credit' },
] as const;

test.each(REFUSALS)('$why is $code, and nothing is rented', async ({ set, code }) => {
  await using world = await openRunpodWorld();
  set(world);
  await expect(rent(world)).rejects.toMatchObject({ code });
  expect(await world.marketplace.list(never)).toEqual([]);
  expect(world.account.pods.size).toBe(0);
});

test('a key that is wrong is told with the name of its setting, by every call', async () => {
  await using world = await openRunpodWorld('rpa_WRONG');
  const { marketplace } = world;
  const wrong = { code: 'marketplace_key', message: expect.stringContaining('DUMONT_RUNPOD_KEY') };
  await expect(marketplace.offers({}, never)).rejects.toMatchObject(wrong);
  await expect(marketplace.list(never)).rejects.toMatchObject(wrong);
  await expect(marketplace.destroy('p1', never)).rejects.toMatchObject(wrong);
  await expect(marketplace.credit?.(never)).rejects.toMatchObject(wrong);
});

test('a key that may not look at pods is told with the name of its setting', async () => {
  await using world = await openRunpodWorld();
  const key = new Secret(podKey(await rent(world)));
  const narrow = runpod({ api: world.url, key, clock: world.clock });
  await expect(narrow.list(never)).rejects.toMatchObject({ code: 'marketplace_key' });
});

test.each(['create-502', 'create-hangs'] as const)(
  'after %s nobody knows, and it is found by its name',
  async (trap) => {
    await using world = await openRunpodWorld();
    world.account.traps.add(trap);
    await expect(rent(world)).rejects.toMatchObject({ code: 'marketplace_down' });
    const rows = await world.marketplace.list(never);
    expect(rows.map(({ label }) => label)).toEqual(['dumont-t-m1-lab']);
    expect(world.account.asked.filter((one) => one === 'POST /v2/pods')).toHaveLength(1);
  },
);

test('a list that fails is an error, never an empty account', async () => {
  await using world = await openRunpodWorld();
  await rent(world);
  world.account.traps.add('list-500');
  await expect(world.marketplace.list(never)).rejects.toMatchObject({ code: 'marketplace_down' });
});

test('a pod without a public port has no address, and the proxy is not taken for one', async () => {
  await using world = await openRunpodWorld();
  world.account.traps.add('no-port');
  await rent(world);
  await world.clock.advance(120_000);
  expect(await world.marketplace.list(never)).toMatchObject([{ status: 'running', address: null }]);
});

test('one that ends in an error has ended, and one that is stuck still loads', async () => {
  await using world = await openRunpodWorld();
  world.account.traps.add('error');
  await rent(world);
  world.account.traps.clear();
  world.account.traps.add('stuck');
  await rent(world);
  await world.clock.advance(3_600_000);
  expect((await world.marketplace.list(never)).map(({ status }) => status)).toEqual(['exited', 'loading']);
});

test('a destroy that fails is told, and one that is only said to be done leaves it in the list', async () => {
  await using world = await openRunpodWorld();
  const instance = await rent(world);
  world.account.traps.add('delete-500');
  await expect(world.marketplace.destroy(instance, never)).rejects.toMatchObject({ code: 'marketplace_down' });
  world.account.traps.clear();
  world.account.traps.add('delete-lies');
  await world.marketplace.destroy(instance, never);
  expect(await world.marketplace.list(never)).toHaveLength(1);
});

test.each(['gpu-gone', 'zero-gpus'] as const)(
  'a start that finds its GPU gone (%s) says so, and bills no GPU',
  async (trap) => {
    await using world = await openRunpodWorld();
    const instance = await rent(world);
    await world.clock.advance(120_000);
    await world.marketplace.stop(instance, never);
    world.account.traps.add(trap);
    await expect(world.marketplace.start(instance, never)).rejects.toMatchObject({ code: 'gpu_taken' });
    expect(await world.marketplace.list(never)).toMatchObject([{ status: 'stopped' }]);
  },
);

test('a start that is too early is no word about its GPU, and goes through when it is asked for again', async () => {
  await using world = await openRunpodWorld();
  const instance = await rent(world);
  await world.clock.advance(120_000);
  await world.marketplace.stop(instance, never);
  world.account.traps.add('too-many');
  await expect(world.marketplace.start(instance, never)).rejects.toMatchObject({ code: 'marketplace_busy' });
  world.account.traps.clear();
  await world.marketplace.start(instance, never);
  expect(await world.marketplace.list(never)).toMatchObject([{ status: 'loading' }]);
});

test('while it stands still its disk costs, and the list says how much', async () => {
  await using world = await openRunpodWorld();
  const instance = await rent(world);
  await world.clock.advance(120_000);
  await world.marketplace.stop(instance, never);
  const [row] = await world.marketplace.list(never);
  expect(row?.dollarsPerHour).toBeCloseTo((40 * 0.2) / 730, 9);
  expect(row?.dollarsPerHour).toBeCloseTo(world.account.pods.get(instance)?.rates.at(-1)?.disk ?? 0, 9);
});

test('too many requests at once rest until they may go on, and none is lost', async () => {
  await using world = await openRunpodWorld();
  const from = world.clock.now();
  for (let i = 0; i < 31; i++) await world.marketplace.offers({}, never).catch(() => undefined);
  await world.marketplace.offers({}, never);
  expect(world.clock.now() - from).toBeGreaterThanOrEqual(50_000);
});

test('what the container printed is its boot log', async () => {
  await using world = await openRunpodWorld();
  const instance = await rent(world);
  world.account.pods.get(instance)?.printed.push('dumont: host key 256 SHA256:abc', 'dumont: all tools are here');
  expect(await world.marketplace.bootLog(instance, never)).toContain('SHA256:abc\ndumont: all');
});

test('everybody who asks at once gets one list', async () => {
  await using world = await openRunpodWorld();
  await world.marketplace.list(never);
  await Promise.all(Array.from({ length: 15 }, () => world.marketplace.list(never)));
  expect(world.account.asked.filter((one) => one === 'GET /v2/pods')).toHaveLength(2);
});
