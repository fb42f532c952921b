import { expect, test } from 'vitest';
import { Failure } from '../../engine/domain/failures.ts';
import { atVast } from '../fakes/at-vast.ts';
import { FakeMarketplace, standardOffers } from '../fakes/marketplace.ts';
import { ANA, MINUTE, SECOND, World } from '../fakes/world.ts';

const never = new AbortController().signal;
const searches = (asked: readonly string[]): number => asked.filter((call) => call.includes('/bundles/')).length;

test('whoever looks around leaves searches for races, which wait for nobody', async () => {
  const w = new World();
  const vast = atVast(w, { seed: 'browsing', machines: 60, traps: new Map() });
  const { engine, stop } = await w.start(vast.change);
  await engine.create('lab', { need: { gpu: 'RTX 4090' } }, ANA);
  const looks = Array.from({ length: 30 }, (_, i) =>
    engine.offers({ dollarsPerHourMax: 5 + i }, never).then(
      () => 'seen',
      (cause: Failure) => cause.code,
    ),
  );
  await w.clock.advance(10 * SECOND);
  const before = searches(vast.account.asked);
  expect(before).toBeLessThanOrEqual(6);
  const from = w.clock.now();
  await engine.wake('lab', {}, ANA);
  await w.clock.advance(2 * SECOND);
  expect(searches(vast.account.asked)).toBe(before + 1);
  expect(vast.account.rentals[0]!.createdAt - from).toBeLessThan(SECOND);
  await w.clock.advance(MINUTE);
  const said = await Promise.all(looks);
  expect(said.filter((one) => one === 'seen').length).toBe(before);
  expect(new Set(said)).toEqual(new Set(['seen', 'marketplace_busy']));
  await stop();
});

test('who asks the same within seconds gets what was seen; later it is asked again, and its age is told', async () => {
  const w = new World();
  const { engine, stop } = await w.start();
  let asked = 0;
  const real = w.marketplace.offers.bind(w.marketplace);
  w.marketplace.offers = async (need) => {
    asked += 1;
    return await real(need);
  };
  const at = w.clock.now();
  await engine.offers({}, never);
  await w.clock.advance(10 * SECOND);
  const again = await engine.offers({}, never);
  expect([asked, again.sources]).toEqual([1, [{ marketplace: 'fake', at, offers: 40, failed: null }]]);
  await w.clock.advance(10 * SECOND);
  await engine.offers({}, never);
  expect(asked).toBe(2);
  w.marketplace.offers = async () => await new Promise(() => undefined);
  await w.clock.advance(MINUTE);
  const waiting = engine.offers({}, never);
  await w.clock.advance(4 * SECOND);
  const old = await waiting;
  expect(old.ranked.length).toBeGreaterThan(0);
  expect(old.sources).toMatchObject([{ marketplace: 'fake', at: at + 20 * SECOND }]);
  await stop();
});

test('why nothing fits is found out with one search more, however many wishes are tried', async () => {
  const w = new World();
  const vast = atVast(w, { seed: 'browsing', machines: 60, traps: new Map() });
  const { engine, stop } = await w.start(vast.change);
  for (let dollarsPerHourMax = 0.01; dollarsPerHourMax < 0.05; dollarsPerHourMax += 0.01) {
    const none = engine.offers({ gpu: 'RTX 4090', dollarsPerHourMax }, never).catch(({ message }: Failure) => message);
    await w.clock.advance(SECOND);
    expect(await none).toContain('the cheapest costs');
  }
  expect(searches(vast.account.asked)).toBe(5);
  await stop();
});

test('of a marketplace that says nothing it is told why, beside what the others offer', async () => {
  const w = new World();
  const refuse = async (): Promise<never> => {
    throw new Failure('marketplace_key', { marketplace: 'vast', setting: 'DUMONT_VAST_KEY', why: 'Invalid user key' });
  };
  const bad = Object.assign(new FakeMarketplace(w.clock, w.storage, standardOffers(1)), {
    name: 'vast',
    offers: refuse,
  });
  const { engine, stop } = await w.start((ports) => ({
    ...ports,
    marketplaces: new Map([...ports.marketplaces, [bad.name, bad]]),
  }));
  const { ranked, sources } = await engine.offers({}, never);
  expect(ranked.length).toBe(40);
  expect(sources.map(({ failed }) => failed)).toEqual([
    null,
    'vast does not accept the key in DUMONT_VAST_KEY: Invalid user key',
  ]);
  await stop();
});
