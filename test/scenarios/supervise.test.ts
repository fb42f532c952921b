import { expect, test } from 'vitest';
import { Failure } from '../../engine/domain/failures.ts';
import { labelOf } from '../../engine/domain/layout.ts';
import { ANA, awake, MINUTE, SECOND, World } from '../fakes/world.ts';

test('the engine goes on when the store cannot be read for a moment', async () => {
  const w = new World();
  const { engine, stop } = await w.start();
  await engine.create('lab', {}, ANA);
  const list = w.store.list.bind(w.store);
  w.store.list = async () => {
    throw new Failure('disk_full', { what: 'the store', why: 'for a moment' });
  };
  await w.clock.advance(2 * MINUTE);
  w.store.list = list;
  await engine.wake('lab', {}, ANA);
  await w.clock.advance(3 * MINUTE);
  expect((await engine.status('lab'))[0]?.sight).toBe('awake');
  await stop();
});

test('the sweep goes on when the store cannot be read for a moment', async () => {
  const w = new World();
  const { stop } = await w.start();
  const list = w.store.list.bind(w.store);
  w.store.list = async () => {
    throw new Failure('disk_full', { what: 'the store', why: 'for a moment' });
  };
  await w.clock.advance(6 * MINUTE);
  w.store.list = list;
  const [offer] = await w.marketplace.offers({});
  await w.marketplace.rent(offer!, { label: labelOf('test', 'm99', 'lab') } as never, async () => undefined);
  await w.clock.advance(15 * MINUTE);
  expect(w.rented).toEqual([]);
  await stop();
});

test.each(['its marketplace', 'the store'])(
  'the sweep goes on after a fault in %s, which is logged as one',
  async (what) => {
    const w = new World();
    const { stop } = await w.start();
    const { store, marketplace } = w;
    const list = { store: store.list.bind(store), marketplace: marketplace.list.bind(marketplace) };
    const mistaken = async (): Promise<never> => {
      throw new TypeError('it is no function');
    };
    if (what === 'the store') store.list = mistaken;
    else marketplace.list = mistaken;
    await w.clock.advance(6 * MINUTE);
    store.list = list.store;
    marketplace.list = list.marketplace;
    const facts = expect.objectContaining({ why: 'it is no function', stack: expect.stringContaining('TypeError') });
    expect(w.logged).toContainEqual({ event: 'sweep.failed', level: 'ERROR', facts });
    const [offer] = await marketplace.offers({});
    await marketplace.rent(offer!, { label: labelOf('test', 'm99', 'lab') } as never, async () => undefined);
    await w.clock.advance(15 * MINUTE);
    expect(w.rented).toEqual([]);
    await stop();
  },
);

test('a driver that cannot renew its lease stops before another engine may begin', async () => {
  const w = new World();
  const { engine, stop } = await awake(w);
  const lease = w.store.lease.bind(w.store);
  const waiting: ((taken: boolean) => void)[] = [];
  w.store.lease = () => new Promise((resolve) => waiting.push(resolve));
  await w.clock.advance(w.settings.lease.ms - SECOND);
  expect(w.logged).toContainEqual(
    expect.objectContaining({ event: 'driver.failed', facts: expect.objectContaining({ code: 'fenced' }) }),
  );
  w.store.lease = lease;
  for (const resolve of waiting) resolve(false);
  await w.clock.advance(2 * MINUTE);
  expect((await engine.status('lab'))[0]?.sight).toBe('awake');
  await stop();
});
