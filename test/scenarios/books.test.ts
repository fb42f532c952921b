import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Charge } from '../../engine/domain/journals.ts';
import { paidFor } from '../../engine/domain/ledger.ts';
import { intend } from '../../engine/domain/lifecycle.ts';
import { keepBooks, readBills } from '../../engine/money/books.ts';
import { aSnapshot } from '../contracts/store-rows.ts';
import { FAKE_DISK_GB } from '../fakes/marketplace.ts';
import { bookkeeper, NO_ORDER, ofMachines, once, PRICED, shop, total } from '../fakes/shop.ts';
import type { FakeJournals } from '../fakes/store.ts';
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
  const w = new World(PRICED);
  await w.clock.advance(23.5 * HOUR);
  const { engine, stop } = await awake(w);
  await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(10 * MINUTE);
  const row = await w.store.read('upkeep', 'lab');
  await w.store.save('upkeep', { ...row!, hot: { bytes: 60e9, objects: 1, at: 0 } });
  const snapshots = (await engine.snapshots('lab')).length;
  await w.clock.advance(30 * MINUTE);
  const storage = once(w.journals).filter(({ machine }) => machine === null);
  // 60 GB for 0.015 dollars a month of 30 days, for half an hour; of each snapshot 14 calls that write, 7 that read, and to
  // compare it 7 and 16 more. The wake image is written once in a quarter of an hour: 3 and 1. The control host looked after
  // it once: 5 and 1.
  expect(storage.map(({ for: purpose, micro }) => [purpose, micro])).toEqual([
    ['storage', 625],
    ['requests', Math.round(snapshots * (65.52 + 37.26) + 13.86 + 22.86)],
  ]);
  await engine.wake('lab', {}, ANA);
  await w.clock.advance(24 * HOUR);
  const [, restored] = once(w.journals).filter(({ for: purpose }) => purpose === 'requests');
  // 5 and 8 calls before the first file, and one for each 16 MB.
  const bytes = (await engine.snapshots('lab'))[0]?.sizeBytes ?? 0;
  expect(restored?.micro).toBeGreaterThanOrEqual(Math.round(5 * 4.5 + (8 + Math.ceil(bytes / 2 ** 24)) * 0.36));
  await stop();
});

test('what a marketplace bills for one part takes the place of that part only', async () => {
  const { clock, store, journals, marketplace, counters, ports } = await shop();
  const { signal } = new AbortController();
  const [offer] = await marketplace.offers({});
  const instance = await marketplace.rent(offer!, { ...NO_ORDER, label: 'l1' }, async () => undefined);
  const origin = { id: 'm1', workspace: 'lab', race: null, label: 'l1', marketplace: 'fake', offer: offer! };
  const row = { ...intend(origin, '', clock.now()), instance, departedAt: clock.now(), entered: { running: 1 } };
  await store.save('machines', { ...row, state: 'running' });
  counters.set('m1', { receivedBytes: 20e9, sentBytes: 0 });
  await clock.advance(30 * HOUR);
  await keepBooks(ports);
  const charges = marketplace.charges!;
  marketplace.charges = async (since) => (await charges(since, signal)).filter((line) => line.for === 'gpu');
  await readBills(ports, signal);
  const paid = (purpose: Charge['for']): number =>
    ofMachines(journals).reduce((sum, { for: its, micro }) => (its === purpose ? sum + micro : sum), 0);
  const disk = (30 * 0.2 * FAKE_DISK_GB * 1e6) / 730;
  expect(paid('gpu')).toBe(Math.round(30 * offer!.dollarsPerHour * 1e6 - disk));
  expect(paid('bandwidth'), 'ours, as long as nobody bills it').toBe(200_000);
  marketplace.traffic.set(instance, { down: 21e9, up: 0 });
  marketplace.charges = charges;
  await readBills(ports, signal);
  expect(paid('bandwidth')).toBe(210_000);
  expect(paid('disk')).toBe(Math.round(disk));
});

const which = fc.integer({ min: 1, max: 5 });
const step = fc.oneof(
  fc.record({ does: fc.constant('rent' as const), works: fc.boolean(), kind: fc.constantFrom('gpu', 'cpu') }),
  fc.record({ does: fc.constant('wait' as const), ms: fc.integer({ min: SECOND, max: 60 * HOUR }) }),
  fc.record({ does: fc.constant('pause' as const), which }),
  fc.record({ does: fc.constant('resume' as const), which }),
  fc.record({ does: fc.constant('carry' as const), which, down: fc.nat(30e9), up: fc.nat(5e9) }),
  fc.record({ does: fc.constant('save' as const), compared: fc.boolean() }),
  fc.record({ does: fc.constant('end' as const), which, noticedAfterMs: fc.nat(30 * HOUR) }),
  fc.record({ does: fc.constant('bill' as const), lagMs: fc.nat(2 * DAY) }),
  fc.constant({ does: 'book' as const }),
  fc.record({ does: fc.constant('crash' as const), after: fc.nat(6) }),
);

test('for any order of machines, pauses, traffic, snapshots, bills and crashes, the ledger adds up to what was billed', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 30 }), async (steps) => {
      const { clock, store, journals, marketplace, counters, ports } = await shop();
      const { book, crash } = bookkeeper(journals, ports);
      const began = clock.now();
      let [rented, saved, asked] = [0, 0, 0];
      for (const one of [...steps, ...END]) {
        const row = 'which' in one ? await store.read('machines', `m${one.which}`) : null;
        if (one.does === 'rent') {
          const [offer] = await marketplace.offers(one.kind === 'cpu' ? { kind: 'cpu' } : {});
          rented += 1;
          const label = `l${rented}`;
          const order = { ...NO_ORDER, label };
          const instance = await marketplace.rent(offer!, order, async () => undefined);
          const origin = { id: `m${rented}`, workspace: 'lab', race: null, label, marketplace: 'fake', offer: offer! };
          const fresh = intend(origin, '', clock.now());
          const entered = one.works ? { running: clock.now() } : {};
          await store.save('machines', { ...fresh, instance, departedAt: clock.now(), state: 'running', entered });
        } else if (one.does === 'wait') await clock.advance(one.ms);
        else if (one.does === 'pause' && row?.state === 'running') {
          await marketplace.stop(row.instance ?? '');
          await store.save('machines', { ...row, state: 'paused', since: clock.now() });
        } else if (one.does === 'resume' && row?.state === 'paused') {
          await marketplace.start(row.instance ?? '');
          counters.set(row.id, { receivedBytes: 0, sentBytes: 0 });
          await store.save('machines', { ...row, state: 'running', since: clock.now() });
        } else if (one.does === 'carry' && row?.state === 'running') {
          const { receivedBytes = 0, sentBytes = 0 } = counters.get(row.id) ?? {};
          counters.set(row.id, { receivedBytes: receivedBytes + one.down, sentBytes: sentBytes + one.up });
          const { down, up } = marketplace.traffic.get(row.instance ?? '') ?? { down: 0, up: 0 };
          marketplace.traffic.set(row.instance ?? '', { down: down + one.down, up: up + one.up });
        } else if (one.does === 'save') {
          saved += 1;
          await clock.advance(SECOND);
          const at = clock.now();
          const snapshot = aSnapshot({ id: `${saved}`.padStart(64, '0'), workspace: 'lab', provedAt: at });
          await store.save('snapshots', { ...snapshot, comparedAt: one.compared ? at : null });
          asked += 65.52 + (one.compared ? 37.26 : 0);
        } else if (one.does === 'end' && row && row.state !== 'gone') {
          marketplace.take(row.instance ?? '');
          // Nobody knows for a while, and days are closed meanwhile; what is noted is a little late, or even early.
          const billedUntil = Math.max(row.departedAt ?? 0, clock.now() + (one.noticedAfterMs % 90_000) - 10_000);
          await clock.advance(one.noticedAfterMs);
          await keepBooks(ports);
          await store.save('machines', { ...row, state: 'gone', billedUntil });
        } else if (one.does === 'bill') marketplace.showBill(one.lagMs);
        else if (one.does === 'crash') {
          await crash(one.after);
        } else await book();
      }
      const bill = [...marketplace.bill().values()].reduce((sum, micro) => sum + micro, 0);
      expect(total(journals)).toBe(bill);
      const rest = once(journals).filter(({ machine }) => machine === null);
      const spent = (purpose: Charge['for']): number =>
        rest.filter((entry) => entry.for === purpose).reduce((sum, { micro }) => sum + micro, 0);
      // Each entry is rounded once: 30 GB for a day are 15,000 micro-dollars.
      const days = (Math.floor(clock.now() / DAY) * DAY - began) / DAY;
      expect(Math.abs(spent('storage') - days * 15_000)).toBeLessThanOrEqual(rest.length);
      expect(Math.abs(spent('requests') - asked)).toBeLessThanOrEqual(rest.length);
      let summed = 0;
      for await (const { days: some } of journals.sums({ from: 0, until: Number.POSITIVE_INFINITY }))
        for (const day of some) summed += paidFor(day);
      expect(summed, 'day by day as well').toBe(bill + spent('storage') + spent('requests'));
    }),
    { numRuns: 300, seed: 8 },
  );
});

test('a stopped machine costs its disk, what its cards count is paid for, and a standby stands apart', async () => {
  const { clock, store, journals, marketplace, counters, ports } = await shop();
  const work = async (kind: 'gpu' | 'cpu', id: string) => {
    const [offer] = await marketplace.offers(kind === 'cpu' ? { kind } : {});
    const instance = await marketplace.rent(offer!, { ...NO_ORDER, label: id }, async () => undefined);
    const origin = { id, workspace: 'lab', race: null, label: id, marketplace: 'fake', offer: offer! };
    const row = { ...intend(origin, '', clock.now()), instance, departedAt: clock.now(), state: 'running' as const };
    return await store.save('machines', { ...row, entered: { running: clock.now() } });
  };
  const gpu = await work('gpu', 'm1');
  const standby = await work('cpu', 'm2');
  counters.set('m1', { receivedBytes: 20e9, sentBytes: 1e9 });
  await clock.advance(HOUR);
  await keepBooks(ports);
  const paused = await store.save('machines', { ...gpu, state: 'paused', since: clock.now() });
  await clock.advance(2 * HOUR);
  await keepBooks(ports);
  // Started again, they count from nothing.
  const again = await store.save('machines', { ...paused, state: 'running', since: clock.now() });
  counters.set('m1', { receivedBytes: 3e9, sentBytes: 0 });
  await keepBooks(ports);
  await store.save('machines', { ...again, state: 'gone', billedUntil: clock.now() });
  await store.save('machines', { ...standby, state: 'gone', billedUntil: clock.now() });
  await keepBooks(ports);
  expect(
    ofMachines(journals).map(({ machine, for: purpose, source, micro }) => [machine, purpose, source, micro]),
  ).toEqual([
    ['m1', 'bandwidth', 'metered', 210_000], // 21 GB at a cent
    ['m1', 'gpu', 'metered', gpu.offer.dollarsPerHour * 1e6],
    ['m1', 'disk', 'metered', Math.round((2 * 0.2 * FAKE_DISK_GB * 1e6) / 730)],
    ['m1', 'bandwidth', 'metered', 30_000],
    ['m2', 'standby', 'metered', 3 * 140_000],
  ]);
});

/** Everything ends, and its bill comes. */
const END = [
  ...Array.from({ length: 30 }, (_, i) => ({ does: 'end' as const, which: i + 1, noticedAfterMs: 0 })),
  { does: 'book' as const },
  { does: 'bill' as const, lagMs: 0 },
  { does: 'wait' as const, ms: 4 * DAY },
  { does: 'book' as const },
];

const metered = (journals: FakeJournals): number =>
  ofMachines(journals)
    .filter(({ source, settles }) => source === 'metered' && settles === null)
    .reduce((sum, { micro }) => sum + micro, 0);
