import { expect, test } from 'vitest';
import { Failure } from '../../engine/domain/failures.ts';
import { FakeMarketplace, standardOffers } from '../fakes/marketplace.ts';
import { ANA, awake, MINUTE, World } from '../fakes/world.ts';

const refuse = async (): Promise<never> => {
  throw new Failure('marketplace_key', { marketplace: 'vast', setting: 'DUMONT_VAST_KEY', why: 'Invalid user key' });
};

const keyAlerts = (w: World) =>
  w.told.flatMap((talk) =>
    (talk.event === 'alert.raised' || talk.event === 'alert.resolved') && talk.kind === 'key_refused'
      ? [`${talk.event}: ${talk.why}`]
      : [],
  );

test('a marketplace that refuses its key is told once, with what goes on costing, and that it works again', async () => {
  const w = new World();
  const { engine, stop } = await awake(w);
  const list = w.marketplace.list.bind(w.marketplace);
  w.marketplace.list = refuse;
  await w.clock.advance(30 * MINUTE);
  const open = (await engine.alerts(null)).filter(({ kind, resolvedAt }) => kind === 'key_refused' && !resolvedAt);
  expect(open.map(({ why }) => why)).toEqual([
    'vast does not accept the key in DUMONT_VAST_KEY: Invalid user key; machines there: 1, which go on costing $0.30/h',
  ]);
  w.marketplace.list = async () => {
    throw new Failure('marketplace_down', { marketplace: 'vast', why: 'HTTP 502' });
  };
  await w.clock.advance(10 * MINUTE);
  expect(keyAlerts(w), 'silence says nothing of a key').toHaveLength(1);
  w.marketplace.list = list;
  await w.clock.advance(6 * MINUTE);
  expect(keyAlerts(w).map((line) => line.split(':')[0])).toEqual(['alert.raised', 'alert.resolved']);
  await stop();
});

test('races go on with the other marketplaces', async () => {
  const w = new World();
  const bad = Object.assign(new FakeMarketplace(w.clock, w.storage, standardOffers(5)), {
    name: 'vast',
    offers: refuse,
    list: refuse,
    rent: refuse,
  });
  const { engine, stop } = await w.start((ports) => ({
    ...ports,
    marketplaces: new Map([[bad.name, bad], ...ports.marketplaces]),
  }));
  await engine.create('lab', {}, ANA);
  await engine.wake('lab', {}, ANA);
  await w.clock.advance(3 * MINUTE);
  expect((await engine.status('lab'))[0]?.sight).toBe('awake');
  expect(keyAlerts(w)).toHaveLength(1);
  await stop();
});

test('a machine that stays silent, or does not end, is named with what it costs until that is over', async () => {
  const w = new World();
  const { machine, engine, stop } = await awake(w);
  const stuck = async () =>
    (await engine.alerts('lab')).filter(({ kind, resolvedAt }) => kind === 'machine_stuck' && !resolvedAt);
  machine.unreachable = true;
  await w.clock.advance(15 * MINUTE);
  expect((await stuck()).map(({ why }) => why)).toEqual([
    expect.stringMatching(/^i\d at fake does not answer and costs up to \$0\.\d\d\/h; what is on it/),
  ]);
  machine.unreachable = false;
  await w.clock.advance(3 * MINUTE);
  expect(await stuck()).toEqual([]);
  w.marketplace.destroyFails = true;
  await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(15 * MINUTE);
  expect((await stuck()).map(({ why }) => why)).toEqual([
    expect.stringContaining('was told to end and is not surely gone'),
  ]);
  w.marketplace.destroyFails = false;
  await w.clock.advance(20 * MINUTE);
  expect(await stuck()).toEqual([]);
  await stop();
});
