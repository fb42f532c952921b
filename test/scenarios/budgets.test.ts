import { expect, test } from 'vitest';
import { OWNER } from '../../engine/domain/account.ts';
import type { Ports } from '../../engine/domain/ports.ts';
import { NONE_FREE, STORAGE_PRICES } from '../../engine/domain/storage-prices.ts';
import { noUpkeep } from '../../engine/domain/upkeep.ts';
import { watchCredit } from '../../engine/money/budgets.ts';
import { PROMPT } from '../fakes/machine.ts';
import { FakeMarketplace, standardOffers } from '../fakes/marketplace.ts';
import { ANA, awake, MINUTE, World } from '../fakes/world.ts';

const told = (w: World, event: string) => w.told.filter((talk) => talk.event === event);
const cap = (dollars: number, per: 'day' | 'month' = 'day') => ({
  scope: 'workspace' as const,
  of: 'lab',
  per,
  micro: dollars * 1e6,
});

test('at 80 % people are told; at 100 % it is warned, saved and put to sleep, whoever is at work', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  machine.write('workspace/a', 'the only copy');
  await engine.keep('lab', { forMs: 5 * 60 * MINUTE, why: 'training' }, ANA);
  const rate = machine.offer.dollarsPerHour;
  await engine.setBudget(cap(rate), ANA);
  await w.clock.advance(46 * MINUTE);
  expect(told(w, 'alert.raised')).toMatchObject([{ kind: 'budget_near', workspace: 'lab' }]);
  expect(told(w, 'machine.idle_warning')).toEqual([]);
  await w.clock.advance(16 * MINUTE);
  expect(told(w, 'machine.idle_warning')[0]).toMatchObject({
    why: expect.stringContaining('the budget of lab'),
    inMs: w.settings.idle.graceMs,
  });
  await w.clock.advance(8 * MINUTE);
  expect(w.rented).toEqual([]);
  const kept = [...w.storage.repository('lab').values()].map(({ files }) => files.get('workspace/a')?.content);
  expect(kept, 'never destroyed unsaved').toContain('the only copy');
  await expect(engine.wake('lab', {}, ANA)).rejects.toMatchObject({ code: 'budget_spent' });
  await engine.setBudget(cap(5 * rate), ANA);
  await engine.wake('lab', {}, ANA);
  await w.clock.advance(3 * MINUTE);
  expect((await engine.status('lab'))[0]?.sight).toBe('awake');
  expect(told(w, 'alert.resolved').map((talk) => 'kind' in talk && talk.kind)).toContain('budget_spent');
  await stop();
});

test('what cannot be saved stays, also when the budget is spent', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  machine.write('workspace/a', 'the only copy');
  w.storage.down = 'nobody answers';
  await engine.setBudget(cap(machine.offer.dollarsPerHour / 30), ANA);
  await w.clock.advance(20 * MINUTE);
  expect(machine.destroyed).toBe(false);
  expect(w.rented).toEqual([machine.instance]);
  await stop();
});

test('a race that meets a spent budget rents no more', async () => {
  const w = new World();
  const { engine, stop } = await w.start();
  await engine.create('lab', {}, ANA);
  w.marketplace.manners = () => ({ ...PROMPT, loadingMs: 10 * 60 * MINUTE });
  await engine.setBudget({ scope: 'all', of: '', per: 'month', micro: 1_000 }, ANA);
  await engine.wake('lab', {}, ANA);
  await w.clock.advance(15 * MINUTE);
  expect(w.marketplace.machines.size, 'the first five only').toBe(5);
  await stop();
});

test('what lies in storage counts on the day on which it lies there', async () => {
  const here = { ...STORAGE_PRICES.r2, free: NONE_FREE };
  const w = new World({ storagePrices: { here, elsewhere: here } });
  const { engine, stop } = await w.start();
  await engine.create('lab', {}, ANA);
  await w.store.save('upkeep', { ...noUpkeep('lab'), hot: { bytes: 60_000e9, objects: 1, at: 0 } }); // $30 a day
  await engine.setBudget(cap(3), ANA);
  await w.clock.advance(6 * 60 * MINUTE);
  expect(told(w, 'alert.raised').map((talk) => 'kind' in talk && talk.kind)).toContain('budget_spent');
  expect((await engine.budgets())[0]?.spentMicro).toBeGreaterThan(7e6);
  await stop();
});

test('the day after it may be spent again', async () => {
  const w = new World();
  await w.clock.advance(22.5 * 60 * MINUTE);
  const { engine, machine, stop } = await awake(w);
  await engine.setBudget(cap(machine.offer.dollarsPerHour / 20), ANA);
  await w.clock.advance(15 * MINUTE);
  await expect(engine.wake('lab', {}, ANA)).rejects.toMatchObject({ code: 'budget_spent' });
  await w.clock.advance(80 * MINUTE);
  await engine.wake('lab', {}, ANA);
  await stop();
});

test('a workspace that is removed takes its budgets and reports along, and the next of its name owes nothing', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  const little = machine.offer.dollarsPerHour / 20;
  await engine.setBudget(cap(little), ANA);
  await engine.setBudget(cap(little, 'month'), ANA);
  await engine.setBudget({ scope: 'all', of: '', per: 'day', micro: 1e9 }, ANA);
  const when = { every: 'daily', time: '09:00', zone: 'UTC' } as const;
  await engine.planReport({ guild: '1', channel: '2', language: 'en', workspace: 'lab', ...when }, ANA);
  await engine.planReport({ guild: '1', channel: '3', language: 'en', workspace: null, ...when }, ANA);
  await w.clock.advance(30 * MINUTE);
  await expect(engine.wake('lab', {}, ANA)).rejects.toMatchObject({ code: 'budget_spent' });

  await engine.destroy('lab', { purge: true }, ANA);
  expect((await engine.budgets()).map(({ budget }) => budget.id)).toEqual(['all//day']);
  expect(await engine.reports()).toMatchObject([{ channel: '3' }]);
  const joao = { by: 'joao', key: null };
  await engine.create('lab', {}, joao);
  expect(await engine.setBudget(cap(little), joao)).toMatchObject({ spentMicro: 0 });
  await engine.wake('lab', {}, joao);
  expect((await engine.budgets())[0]?.spentMicro, 'of all it counts').toBeGreaterThan(0);
  await stop();
});

test('a cap that is spent already rings as soon as it is set, and one that is lifted no longer', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  await w.clock.advance(10 * MINUTE);
  await engine.setBudget(cap(machine.offer.dollarsPerHour / 20), ANA);
  expect(told(w, 'alert.raised')).toMatchObject([{ kind: 'budget_spent', workspace: 'lab' }]);
  await engine.removeBudget('workspace/lab/day', ANA);
  expect(told(w, 'alert.resolved')).toMatchObject([{ kind: 'budget_spent', workspace: 'lab' }]);
  await stop();
});

test('each marketplace is judged by what five racers of its own offers cost', async () => {
  const w = new World();
  const cheap = new FakeMarketplace(w.clock, w.storage, offersAt(0.2));
  const dear = new FakeMarketplace(w.clock, w.storage, offersAt(2));
  for (const [name, marketplace] of Object.entries({ cheap, dear })) Object.assign(marketplace, { name });
  let ports: Ports | null = null;
  const { engine, stop } = await w.start((given) => {
    ports = {
      ...given,
      marketplaces: new Map([
        ['cheap', cheap],
        ['dear', dear],
      ]),
    };
    return ports;
  });
  await engine.create('lab', {}, ANA);
  for (const marketplace of [cheap, dear]) marketplace.creditMicro = 5_000_000;
  await watchCredit(ports!, new AbortController().signal);
  expect(told(w, 'alert.raised')).toMatchObject([
    { alert: 'credit_low/dear', why: expect.stringContaining('the machines of one wake need $10.00 for an hour') },
  ]);
  await stop();
});

const offersAt = (dollarsPerHour: number) => standardOffers(10).map((offer) => ({ ...offer, dollarsPerHour }));

test('little credit is an alarm, once, until there is more', async () => {
  const w = new World();
  let ports: Ports | null = null;
  const { stop } = await w.start((given) => (ports = given));
  w.marketplace.creditMicro = 40_000_000;
  await watchCredit(ports!, new AbortController().signal);
  expect(told(w, 'alert.raised')).toEqual([]);
  w.marketplace.creditMicro = 0;
  for (let i = 0; i < 3; i += 1) await watchCredit(ports!, new AbortController().signal);
  expect(told(w, 'alert.raised')).toMatchObject([{ kind: 'credit_low', workspace: null, alert: 'credit_low/fake' }]);
  w.marketplace.creditMicro = 40_000_000;
  await watchCredit(ports!, new AbortController().signal);
  expect(told(w, 'alert.resolved')).toHaveLength(1);
  await stop();
});

test('the owner of the engine has no account, and a budget like anybody', async () => {
  const w = new World();
  const { engine, stop } = await w.start();
  const of = { scope: 'user', per: 'day', micro: 5e6 } as const;
  await engine.setBudget({ ...of, of: OWNER }, ANA);
  expect((await engine.budgets()).map(({ budget }) => budget.id)).toEqual([`user/${OWNER}/day`]);
  await expect(engine.setBudget({ ...of, of: 'nobody' }, ANA)).rejects.toMatchObject({ code: 'no_such_account' });
  expect(await engine.budgets(OWNER)).toHaveLength(1);
  await expect(engine.budgets('nobody'), 'nor are there any of nobody').rejects.toMatchObject({
    code: 'no_such_account',
  });
  await stop();
});
