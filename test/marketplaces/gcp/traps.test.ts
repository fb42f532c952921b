import { expect, test } from 'vitest';
import type { Order } from '../../../engine/domain/marketplace.ts';
import { bill } from '../../standins/gcp/project.ts';
import { ORDER } from '../standin-world.ts';
import { type GcpWorld, openGcpWorld } from './gcp-world.ts';

const never = new AbortController().signal;
const gladly = async (): Promise<void> => undefined;
const order: Order = { ...ORDER, label: 'dumont-t-m1-lab' };

async function rent({ marketplace, need }: GcpWorld, label = order.label): Promise<string> {
  const [offer] = await marketplace.offers(need, never);
  return await marketplace.rent(offer!, { ...order, label }, gladly, never);
}

test('who needs a GPU is offered nothing here', async () => {
  await using world = await openGcpWorld();
  expect(await world.marketplace.offers({ diskGbMin: 40 }, never)).toEqual([]);
});

test('a zone that is full says so only in the end of its operation, and the next zone is another offer', async () => {
  await using world = await openGcpWorld();
  world.project.traps.add('zone-full');
  await expect(rent(world)).rejects.toMatchObject({
    code: 'offer_taken',
    facts: { why: expect.stringMatching(/^ZONE_/) },
  });
  expect(await world.marketplace.list(never)).toEqual([]);
  expect((await world.marketplace.offers(world.need, never)).length).toBe(3);
});

test('a quota that is used up is a limit of the account, with what Google says of it', async () => {
  await using world = await openGcpWorld();
  world.project.traps.add('quota');
  await expect(rent(world)).rejects.toMatchObject({ code: 'spend_limit', message: expect.stringContaining("'CPUS'") });
});

test.each(['too-many', 'still-stopping'] as const)(
  'a start that comes too early (%s) is asked for again',
  async (early) => {
    await using world = await openGcpWorld();
    const instance = await rent(world);
    await world.clock.advance(60_000);
    await world.marketplace.stop(instance, never);
    if (early === 'too-many') world.project.traps.add('too-many');
    await expect(world.marketplace.start(instance, never)).rejects.toMatchObject({ code: 'marketplace_busy' });
    world.project.traps.clear();
    await world.clock.advance(60_000);
    await world.marketplace.start(instance, never);
    expect(await world.marketplace.list(never)).toMatchObject([{ status: 'loading' }]);
  },
);

test('an insert that takes long keeps nobody waiting; the list tells what became of it', async () => {
  await using world = await openGcpWorld();
  world.project.traps.add('slow-operations');
  const from = world.clock.now();
  const instance = await rent(world);
  expect(world.clock.now() - from).toBeLessThan(10_000);
  expect(await world.marketplace.list(never)).toMatchObject([{ instance, status: 'loading' }]);
  await world.clock.advance(400_000);
  expect(await world.marketplace.list(never)).toMatchObject([{ instance, status: 'running' }]);
});

test('an insert that fails late is told by the next list, with why, until its end is asked for', async () => {
  await using world = await openGcpWorld();
  world.project.traps.add('slow-operations').add('zone-full');
  const instance = await rent(world);
  expect(await world.marketplace.list(never)).toEqual([]);
  await world.clock.advance(300_000);
  const [row] = await world.marketplace.list(never);
  expect(row).toMatchObject({ instance, label: order.label, status: 'exited', dollarsPerHour: 0 });
  expect(row?.statusMessage).toMatch(/^ZONE_RESOURCE_POOL_EXHAUSTED: The zone/);
  await world.marketplace.destroy(instance, never);
  expect(await world.marketplace.list(never)).toEqual([]);
});

test('starts, stops and ends are over when they are done, and what fails at last is told', async () => {
  await using world = await openGcpWorld();
  const instance = await rent(world);
  world.project.traps.add('slow-operations');
  for (const verb of ['stop', 'start', 'stop'] as const) {
    const from = world.clock.now();
    await world.marketplace[verb](instance, never);
    expect(world.clock.now() - from, verb).toBeGreaterThanOrEqual(300_000);
  }
  world.project.traps.add('zone-full');
  await expect(world.marketplace.start(instance, never)).rejects.toMatchObject({ code: 'offer_taken' });
  const leaves = new AbortController();
  const ending = world.marketplace.destroy(instance, leaves.signal);
  leaves.abort(new Error('the engine stops'));
  await expect(ending).rejects.toThrow('the engine stops');
});

test('an insert whose answer was lost is found by its label, and asked for again it is the same machine', async () => {
  await using world = await openGcpWorld();
  world.project.traps.add('insert-502');
  await expect(rent(world)).rejects.toMatchObject({ code: 'marketplace_down' });
  expect((await world.marketplace.list(never)).map(({ label }) => label)).toEqual([order.label]);
  world.project.traps.clear();
  await rent(world);
  expect(world.project.machines.size).toBe(1);
});

test.each(['list-500', 'zone-unreachable'] as const)('a list that is not whole (%s) is an error', async (trap) => {
  await using world = await openGcpWorld();
  await rent(world);
  world.project.traps.add(trap);
  await expect(world.marketplace.list(never)).rejects.toMatchObject({ code: 'marketplace_down' });
});

test('a list of many pages is whole, and lists what is ours only', async () => {
  await using world = await openGcpWorld();
  for (let i = 0; i < 7; i++) await rent(world, `dumont-t-m${i}-lab`);
  const [foreign] = world.project.machines.values();
  world.project.machines.set('x', { ...foreign!, name: 'theirs', body: { ...foreign!.body, labels: {} } });
  expect(await world.marketplace.list(never)).toHaveLength(7);
});

test('nobody who forgets it pays for it for ever, and what is on its disk stays', async () => {
  await using world = await openGcpWorld();
  await rent(world);
  await world.clock.advance(8 * 86_400_000);
  const [row] = await world.marketplace.list(never);
  expect(row).toMatchObject({ status: 'stopped' });
  expect(row?.dollarsPerHour).toBeLessThan(0.01);
  expect(bill(world.project)).toMatchObject([{ until: null, ranMs: 7 * 86_400_000 }]);
});

test.each([
  ['that is no JSON', () => 'hunter2'],
  ['of something else', () => '{"type":"authorized_user"}'],
  ['with a spoilt private key', (key: string) => key.replace(/MII[A-Za-z0-9+/]{40}/, 'MII')],
])('a key %s is told with the name of its setting, without showing it', async (_, change) => {
  const wrong = { code: 'marketplace_key', message: expect.stringContaining('DUMONT_GCP_KEY') };
  const look = async () => {
    await using world = await openGcpWorld(change);
    await world.marketplace.list(never);
  };
  await expect(look()).rejects.toMatchObject(wrong);
  await expect(look()).rejects.not.toThrow(/hunter2|MII/);
});

test('a key of somebody who may not do this is told so', async () => {
  await using world = await openGcpWorld((key) => key.replace('"standin-project"', '"another-project"'));
  await expect(world.marketplace.list(never)).rejects.toMatchObject({ code: 'marketplace_key' });
});

test('a key that was taken back is told so', async () => {
  await using world = await openGcpWorld();
  world.project.traps.add('token-refused');
  await expect(world.marketplace.list(never)).rejects.toMatchObject({
    code: 'marketplace_key',
    facts: { why: 'Invalid JWT Signature.' },
  });
});

test('one token serves for most of an hour, and the next is made before it ends', async () => {
  await using world = await openGcpWorld();
  for (let minute = 0; minute < 120; minute += 5) {
    await world.marketplace.list(never);
    await world.clock.advance(5 * 60_000);
  }
  expect(world.project.asked.filter((one) => one === 'POST /token')).toHaveLength(3);
});
