import fc from 'fast-check';
import { expect, test } from 'vitest';
import { keepBooks, readBills } from '../../engine/books.ts';
import type { Charge } from '../../engine/domain/journals.ts';
import { intend } from '../../engine/domain/lifecycle.ts';
import type { Ports } from '../../engine/domain/ports.ts';
import { DEFAULTS } from '../../engine/domain/settings.ts';
import { FakeClock } from '../fakes/clock.ts';
import { FakeMarketplace } from '../fakes/marketplace.ts';
import { FakeStorage } from '../fakes/storage.ts';
import { FakeJournals, FakeStore } from '../fakes/store.ts';
import { ANA, awake, MINUTE, SECOND, World } from '../fakes/world.ts';

const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const QUICK = { money: { readMs: 15 * MINUTE, settleMs: 2 * HOUR } };

test('once the marketplace has billed everything, the ledger adds up to its bill, to the micro-dollar', async () => {
  const w = new World(QUICK);
  await w.clock.advance(23 * HOUR);
  w.marketplace.showBill(HOUR);
  const { engine, stop } = await awake(w);
  await w.clock.advance(2 * HOUR);
  await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(4 * HOUR);
  const bill = [...w.marketplace.bill().values()].reduce((sum, micro) => sum + micro, 0);
  expect(total(w.journals)).toBe(bill);
  expect(metered(w.journals), 'what we metered is still there to compare with').toBeGreaterThan(bill);
  expect((await w.store.list('bills')).every(({ closedAt }) => closedAt !== null)).toBe(true);
  await stop();
});

test('a running machine is in the ledger up to midnight, and what its race wasted as well', async () => {
  const w = new World();
  await w.clock.advance(23.5 * HOUR);
  const { machine, stop } = await awake(w);
  await w.clock.advance(40 * MINUTE);
  const [charge, ...more] = once(w.journals).filter(({ for: purpose }) => purpose === 'gpu');
  expect(more).toEqual([]);
  expect(charge).toMatchObject({ owner: 'ana', workspace: 'lab', until: Date.UTC(2026, 0, 2), source: 'metered' });
  const hours = ((charge?.until ?? 0) - (charge?.from ?? 0)) / HOUR;
  expect(charge?.micro).toBe(Math.round(machine.offer.dollarsPerHour * hours * 1e6));
  const race = await w.store.read('races', charge?.race ?? '');
  expect(charge?.marketMicro).toBe(Math.round((race?.marketDollarsPerHour ?? 0) * hours * 1e6));
  expect(once(w.journals).filter(({ for: purpose }) => purpose === 'waste')).toHaveLength(4);
  await stop();
});

test('storage is charged for each day that is over, with the requests of its snapshots', async () => {
  const w = new World();
  await w.clock.advance(23.5 * HOUR);
  const { engine, stop } = await awake(w);
  await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(10 * MINUTE);
  const row = await w.store.read('upkeep', 'lab');
  await w.store.save('upkeep', { ...row!, hot: { bytes: 60e9, objects: 1, at: 0 } });
  const snapshots = (await engine.snapshots('lab')).length;
  await w.clock.advance(30 * MINUTE);
  const storage = once(w.journals).filter(({ machine }) => machine === null);
  // 60 GB for 0.015 dollars a month of 30 days, for half an hour; and of each snapshot 14 calls that write, 7 that read.
  expect(storage.map(({ for: purpose, micro }) => [purpose, micro])).toEqual([
    ['storage', 625],
    ['requests', Math.round(snapshots * 65.52)],
  ]);
  await stop();
});

/** A marketplace and books, without anything between them. */
function shop() {
  const clock = new FakeClock();
  const store = new FakeStore();
  const journals = new FakeJournals();
  const marketplace = new FakeMarketplace(clock, new FakeStorage());
  marketplace.showBill();
  const ports = {
    settings: DEFAULTS,
    clock,
    store,
    journals,
    marketplaces: new Map([[marketplace.name, marketplace]]),
    vaults: [],
    log: () => undefined,
  } as unknown as Ports;
  return { clock, store, journals, marketplace, ports };
}

test('for any order of machines, bills and crashes, the ledger adds up to what was billed', async () => {
  const step = fc.oneof(
    fc.record({ does: fc.constant('rent' as const), works: fc.boolean() }),
    fc.record({ does: fc.constant('wait' as const), ms: fc.integer({ min: SECOND, max: 60 * HOUR }) }),
    fc.record({ does: fc.constant('end' as const), which: fc.nat(5), noticedAfterMs: fc.nat(30 * HOUR) }),
    fc.record({ does: fc.constant('bill' as const), lagMs: fc.nat(2 * DAY) }),
    fc.constant({ does: 'book' as const }),
    fc.record({ does: fc.constant('crash' as const), after: fc.nat(6) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 30 }), async (steps) => {
      const { clock, store, journals, marketplace, ports } = shop();
      let crashAfter = Number.POSITIVE_INFINITY;
      const append = journals.append.bind(journals);
      journals.append = async (journal, entry) => {
        await append(journal, entry);
        crashAfter -= 1;
        if (crashAfter < 0) throw new Error('the power went right after it was written');
      };
      const book = async (): Promise<void> => {
        await keepBooks(ports);
        await readBills(ports, new AbortController().signal);
      };
      let rented = 0;
      for (const one of [...steps, ...END]) {
        if (one.does === 'rent') {
          const [offer] = await marketplace.offers({});
          rented += 1;
          const label = `l${rented}`;
          const order = { ...NO_ORDER, label };
          const instance = await marketplace.rent(offer!, order, async () => undefined);
          const origin = { id: `m${rented}`, workspace: 'lab', race: null, label, marketplace: 'fake', offer: offer! };
          const row = intend(origin, '', clock.now());
          const entered = one.works ? { running: clock.now() } : {};
          await store.save('machines', { ...row, instance, departedAt: clock.now(), state: 'running', entered });
        } else if (one.does === 'wait') await clock.advance(one.ms);
        else if (one.does === 'end') {
          const row = await store.read('machines', `m${one.which}`);
          if (row?.state !== 'running') continue;
          marketplace.take(row.instance ?? '');
          // Nobody knows for a while, and days are closed meanwhile; what is noted is a little late, or even early.
          const billedUntil = Math.max(row.departedAt ?? 0, clock.now() + (one.noticedAfterMs % 90_000) - 10_000);
          await clock.advance(one.noticedAfterMs);
          await keepBooks(ports);
          await store.save('machines', { ...row, state: 'gone', billedUntil });
        } else if (one.does === 'bill') marketplace.showBill(one.lagMs);
        else if (one.does === 'crash') {
          crashAfter = one.after;
          await book().catch(() => undefined);
          crashAfter = Number.POSITIVE_INFINITY;
        } else await book();
      }
      const bill = [...marketplace.bill().values()].reduce((sum, micro) => sum + micro, 0);
      expect(total(journals)).toBe(bill);
      let summed = 0;
      for await (const { days } of journals.sums({ from: 0, until: Number.POSITIVE_INFINITY }))
        for (const day of days) summed += day.meteredMicro - day.settledMicro + day.chargedMicro;
      expect(summed, 'day by day as well').toBe(bill);
    }),
    { numRuns: 300, seed: 8 },
  );
});

const NO_ORDER = { image: '', diskGb: 1, publicKeys: [], bootScript: '', bootConfig: '', environment: {}, ports: [] };

/** Everything ends, and its bill comes. */
const END = [
  ...Array.from({ length: 30 }, (_, i) => ({ does: 'end' as const, which: i + 1, noticedAfterMs: 0 })),
  { does: 'book' as const },
  { does: 'bill' as const, lagMs: 0 },
  { does: 'wait' as const, ms: 4 * DAY },
  { does: 'book' as const },
];

/** What a crash made somebody write again is one entry. */
const once = (journals: FakeJournals): readonly Charge[] => [
  ...new Map(journals.entries.ledger.map((one) => [one.id, one])).values(),
];
const ofMachines = (journals: FakeJournals): readonly Charge[] =>
  once(journals).filter(({ machine }) => machine !== null);
const total = (journals: FakeJournals): number => ofMachines(journals).reduce((sum, { micro }) => sum + micro, 0);
const metered = (journals: FakeJournals): number =>
  ofMachines(journals)
    .filter(({ source, settles }) => source === 'metered' && settles === null)
    .reduce((sum, { micro }) => sum + micro, 0);
