import { expect, test } from 'vitest';
import { Failure } from '../../engine/domain/failures.ts';
import { PROMPT } from '../fakes/machine.ts';
import { FakeMarketplace, standardOffers } from '../fakes/marketplace.ts';
import { ANA, MINUTE, SECOND, World } from '../fakes/world.ts';

test('a race waits for its last machines without looking all the time', async () => {
  const w = new World();
  w.marketplace.manners = () => ({ ...PROMPT, loadingMs: 88_000, sshAfterMs: 3_600_000 });
  const looks = countLooks(w);
  const { engine, stop } = await w.start();
  await engine.create('lab', {}, ANA);
  const wake = await engine.wake('lab', {}, ANA);
  await w.clock.advance(10 * MINUTE);
  expect((await engine.operation(wake.id)).outcome).toMatchObject({ ok: false, code: 'race_lost' });
  expect(looks()).toBeLessThan(2_000);
  await stop();
});

test('a race whose winner restores slowly waits for it without looking all the time', async () => {
  const w = new World();
  w.marketplace.manners = () => ({ ...PROMPT, usableMs: 110_000 });
  const looks = countLooks(w);
  const { engine, stop } = await w.start();
  await engine.create('lab', {}, ANA);
  await engine.wake('lab', {}, ANA);
  await w.clock.advance(3 * MINUTE);
  expect((await engine.status('lab'))[0]?.sight).toBe('awake');
  expect(looks()).toBeLessThan(500);
  await stop();
});

test('a marketplace that is silent when a wake begins is asked again, and the wake goes on', async () => {
  const w = new World();
  const silentUntil = w.clock.now() + 70 * SECOND;
  failOffers(w.marketplace, () => w.clock.now() < silentUntil);
  const { engine, stop } = await w.start();
  await engine.create('lab', {}, ANA);
  const wake = await engine.wake('lab', {}, ANA);
  await w.clock.advance(4 * MINUTE);
  expect((await engine.operation(wake.id)).outcome).toMatchObject({ ok: true });
  await stop();
});

test('one that is silent when the first round is over costs no later round', async () => {
  const w = new World();
  const silentUntil = w.clock.now() + 2 * MINUTE;
  w.marketplace.queue.push(...Array.from({ length: 5 }, () => ({ ...PROMPT, loadingMs: 60 * MINUTE })));
  failOffers(w.marketplace, () => w.marketplace.machines.size === 5 && w.clock.now() < silentUntil);
  const { engine, stop } = await w.start();
  await engine.create('lab', {}, ANA);
  const wake = await engine.wake('lab', {}, ANA);
  await w.clock.advance(5 * MINUTE);
  expect((await engine.operation(wake.id)).outcome).toMatchObject({ ok: true });
  expect(w.marketplace.machines.size).toBe(10);
  await stop();
});

test('one that stays silent ends the wake with what it says, after all rounds would have been over', async () => {
  const w = new World();
  const asked = failOffers(w.marketplace, () => true);
  const { engine, stop } = await w.start();
  await engine.create('lab', {}, ANA);
  const wake = await engine.wake('lab', {}, ANA);
  await w.clock.advance(4 * MINUTE);
  expect((await engine.operation(wake.id)).outcome).toBeNull();
  await w.clock.advance(2 * MINUTE);
  expect((await engine.operation(wake.id)).outcome).toMatchObject({
    code: 'race_lost',
    say: 'No machine became ready: fake does not answer properly: try again later.',
  });
  expect(asked()).toBeGreaterThan(10);
  expect(asked()).toBeLessThan(30);
  await stop();
});

test.each([
  ['refuses its key', 'marketplace_key'],
  ['has nothing that fits', null],
] as const)('while one is silent, another that %s does not end the wake', async (_, code) => {
  const w = new World();
  const silentUntil = w.clock.now() + 30 * SECOND;
  const [offer] = await w.marketplace.offers({});
  failOffers(w.marketplace, () => w.clock.now() < silentUntil);
  const other = Object.assign(new FakeMarketplace(w.clock, w.storage), { name: 'other' });
  other.offers = async () => {
    if (code) throw new Failure(code, { marketplace: 'other', setting: 'A_KEY', why: 'unknown' });
    return [{ ...offer!, marketplace: 'other', dollarsPerHour: 9 }];
  };
  const marketplaces = new Map([other, w.marketplace].map((one) => [one.name, one] as const));
  const { engine, stop } = await w.start((ports) => ({ ...ports, marketplaces }));
  await engine.create('lab', { need: { dollarsPerHourMax: 1 } }, ANA);
  const wake = await engine.wake('lab', {}, ANA);
  await w.clock.advance(4 * MINUTE);
  expect((await engine.operation(wake.id)).outcome).toMatchObject({ ok: true });
  await stop();
});

test('better machines that are too dear for the cap take no place of those that are not', async () => {
  const w = new World({}, ({ clock, storage }) => {
    const good = { dollarsPerHour: 2, reliability: 1 };
    const cheap = { dollarsPerHour: 0.3, reliability: 0, downMbps: 5 };
    const offers = standardOffers(40).map((offer, i) => ({ ...offer, ...(i < 20 ? good : cheap) }));
    return new FakeMarketplace(clock, storage, offers);
  });
  const { engine, stop } = await w.start();
  await engine.create('lab', {}, ANA);
  expect((await engine.offers({}, AbortSignal.timeout(5_000))).ranked[0]?.offer.dollarsPerHour).toBe(2);
  const wake = await engine.wake('lab', { capDollars: 0.04 }, ANA);
  await w.clock.advance(4 * MINUTE);
  expect((await engine.operation(wake.id)).outcome).toMatchObject({ ok: true });
  expect(new Set([...w.marketplace.machines.values()].map(({ offer }) => offer.dollarsPerHour))).toEqual(
    new Set([0.3]),
  );
  await stop();
});

test('a batch is no larger than the cap allows, and a machine that falls makes room for another', async () => {
  const w = new World({}, ({ clock, storage }) => {
    return new FakeMarketplace(
      clock,
      storage,
      standardOffers(40).map((offer) => ({ ...offer, dollarsPerHour: 2 })),
    );
  });
  w.marketplace.queue.push(...Array.from({ length: 2 }, () => ({ ...PROMPT, loadingMs: MINUTE, exitsAtMs: 5_000 })));
  const { engine, stop } = await w.start();
  await engine.create('lab', {}, ANA);
  const wake = await engine.wake('lab', { capDollars: 0.14 }, ANA);
  await w.clock.advance(MINUTE / 2);
  expect(w.marketplace.machines.size).toBe(2);
  await w.clock.advance(4 * MINUTE);
  expect(w.marketplace.machines.size).toBe(3);
  expect((await engine.operation(wake.id)).outcome).toMatchObject({ ok: true });
  await stop();
});

test('a fault in what prepares a race is logged as one, and the wake goes on', async () => {
  const w = new World();
  const { engine, stop } = await w.start();
  await engine.create('lab', {}, ANA);
  const ensure = w.storage.ensure.bind(w.storage);
  w.storage.ensure = async () => {
    w.storage.ensure = ensure;
    throw new TypeError('it is no function');
  };
  const wake = await engine.wake('lab', {}, ANA);
  await w.clock.advance(4 * MINUTE);
  expect((await engine.operation(wake.id)).outcome).toMatchObject({ ok: true });
  expect(w.logged).toContainEqual({
    event: 'race.unprepared',
    level: 'ERROR',
    facts: expect.objectContaining({ why: 'it is no function', stack: expect.stringContaining('TypeError') }),
  });
  await stop();
});

/** Its offers fail while `silent` holds; returns how often they were asked for. */
function failOffers(marketplace: FakeMarketplace, silent: () => boolean): () => number {
  const offers = marketplace.offers.bind(marketplace);
  let asked = 0;
  marketplace.offers = async (need) => {
    asked += 1;
    if (silent()) throw new Failure('marketplace_down', { marketplace: marketplace.name, why: 'try again later' });
    return await offers(need);
  };
  return () => asked;
}

function countLooks(w: World): () => number {
  const read = w.store.read.bind(w.store);
  let looks = 0;
  w.store.read = async (kind, id) => {
    if (kind === 'races') looks += 1;
    return await read(kind, id);
  };
  return () => looks;
}
