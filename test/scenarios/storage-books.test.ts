import { expect, test } from 'vitest';
import type { Charge } from '../../engine/domain/journals.ts';
import { DAY_MS } from '../../engine/domain/ledger.ts';
import type { Ports, Vault } from '../../engine/domain/ports.ts';
import { DEFAULTS } from '../../engine/domain/settings.ts';
import { NONE_FREE, STORAGE_PRICES } from '../../engine/domain/storage-prices.ts';
import { noUpkeep } from '../../engine/domain/upkeep.ts';
import { keepBooks } from '../../engine/money/books.ts';
import { savingsFor } from '../../engine/money/money.ts';
import { aWorkspace } from '../contracts/store-rows.ts';
import { FakeClock } from '../fakes/clock.ts';
import { FakeJournals, FakeStore } from '../fakes/store.ts';
import { ANA, awake, MINUTE, World } from '../fakes/world.ts';

const R2 = { ...STORAGE_PRICES.r2, free: NONE_FREE };
const storage = (journals: FakeJournals, purpose: Charge['for'] = 'storage') =>
  journals.entries.ledger.filter((charge) => charge.machine === null && charge.for === purpose);
const paid = (journals: FakeJournals, purpose: Charge['for'] = 'storage'): number =>
  storage(journals, purpose).reduce((sum, { micro }) => sum + micro, 0);

/** Some workspaces of 30 GB each, and their books. */
async function shelf(names: readonly string[], storagePrices = DEFAULTS.storagePrices, vaults: readonly Vault[] = []) {
  const clock = new FakeClock();
  const store = new FakeStore({ strict: true });
  const journals = new FakeJournals({ strict: true });
  const settings = { ...DEFAULTS, storagePrices };
  const ports = { settings, clock, store, journals, vaults, log: () => undefined } as unknown as Ports;
  for (const id of names) {
    await store.save('workspaces', aWorkspace({ id, createdAt: clock.now() }));
    const usage = { bytes: 30e9, objects: 1_000, at: 0 };
    await store.save('upkeep', { ...noUpkeep(id), hot: usage, ...(vaults.length > 0 && { vault: usage }) });
  }
  await keepBooks(ports);
  return { clock, store, journals, ports };
}

test('what an account has for nothing it has once a month, whoever of its workspaces takes it', async () => {
  const { clock, store, journals, ports } = await shelf(['a', 'b', 'c']);
  for (const id of ['a', 'b']) {
    const bill = await store.read('storage-bills', id);
    await store.save('storage-bills', { ...bill!, calls: { a: 1_200_000, b: 6_000_000 } });
  }
  for (let day = 0; day < 31; day += 1) {
    await clock.advance(DAY_MS);
    await keepBooks(ports);
  }
  // In January of 31 days 90 GB less 10 GB-months, as R2 counts 30 days; 2.4 million calls less one; 12 million less ten.
  expect(Math.abs(paid(journals) - (90 * 31 * 500 - 10 * 15_000))).toBeLessThanOrEqual(storage(journals).length);
  expect(paid(journals, 'requests')).toBe(1_400_000 * 4.5 + 2_000_000 * 0.36);
  const january = paid(journals);
  await clock.advance(2 * DAY_MS);
  await keepBooks(ports);
  expect(paid(journals) - january, 'another month, another 300 GB-days: 180 of them').toBe(0);
});

test('another service has its own prices, and asks for what leaves', async () => {
  const elsewhere = { name: 'elsewhere', lockMs: DAY_MS } as Vault;
  const { clock, journals, ports } = await shelf(['a'], { here: STORAGE_PRICES.s3, elsewhere: R2 }, [elsewhere]);
  await clock.advance(DAY_MS);
  await keepBooks(ports);
  expect(paid(journals), '30 GB at S3, and 30 at R2').toBe(30 * (Math.round(23_000 / 30) + 500) - 10);
  // A thousand objects read here and written there; of the 30 GB that left 100 are free.
  expect(paid(journals, 'requests')).toBe(Math.round(1_000 * 0.4 + 1_000 * 4.5));
  expect(storage(journals, 'bandwidth')).toEqual([]);
});

test('what lies on this computer costs nothing', async () => {
  const { none } = STORAGE_PRICES;
  const { clock, journals, ports } = await shelf(['a'], { here: none, elsewhere: none });
  await clock.advance(DAY_MS);
  await keepBooks(ports);
  expect([paid(journals), paid(journals, 'requests')]).toEqual([0, 0]);
});

test('who destroys a workspace is charged until then, and with what was asked in its last minute', async () => {
  const w = new World({ storagePrices: { here: R2, elsewhere: R2 } });
  const { engine, stop } = await awake(w);
  await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(10 * MINUTE);
  const snapshots = await engine.snapshots('lab');
  const upkeep = await w.store.read('upkeep', 'lab');
  await w.store.save('upkeep', { ...upkeep!, hot: { bytes: 60e9, objects: 1, at: 0 } });
  await w.clock.advance(4 * 60 * MINUTE);
  const began = (await w.store.read('workspaces', 'lab'))!.createdAt;
  const { calls } = (await w.store.read('storage-bills', 'lab'))!;
  await w.store.save('snapshots', { ...snapshots[0]!, comparedAt: w.clock.now() });
  await engine.destroy('lab', { purge: true }, ANA);
  const ended = w.clock.now();
  await w.clock.advance(MINUTE);
  const [entry, ...more] = storage(w.journals);
  expect(more).toEqual([]);
  expect(Math.abs((entry?.until ?? 0) - ended)).toBeLessThanOrEqual(MINUTE);
  expect(entry?.micro).toBe(Math.round((60 * 15_000 * ((entry?.until ?? 0) - began)) / (30 * DAY_MS)));
  // Also what was asked in its last minute: to compare a snapshot, 7 and 16 calls.
  expect(paid(w.journals, 'requests')).toBe(Math.round((calls.a + 7) * 4.5 + (calls.b + 16) * 0.36));
  await w.clock.advance(40 * DAY_MS);
  expect(storage(w.journals), 'nothing of it is left anywhere').toHaveLength(1);
  expect(await w.store.list('storage-bills')).toEqual([]);
  await stop();
});

test('what a locked vault still holds of a destroyed workspace costs on until its lock ends', async () => {
  const vault = { name: 'vault', lockMs: 7 * DAY_MS } as Vault;
  const { clock, store, journals, ports } = await shelf(['a'], { here: R2, elsewhere: R2 }, [vault]);
  await clock.advance(DAY_MS / 2);
  await store.remove('workspaces', (await store.read('workspaces', 'a'))!);
  for (let day = 0; day < 60; day += 1) {
    await keepBooks(ports);
    await clock.advance(DAY_MS);
  }
  const days = 0.5 * 60 + 7 * 30; // both for half a day, then only the vault's
  expect(Math.abs(paid(journals) - days * 500)).toBeLessThanOrEqual(storage(journals).length);
  expect(await store.list('storage-bills')).toEqual([]);
});

test('a name that is taken again is another workspace, with books of its own', async () => {
  const { clock, store, journals, ports } = await shelf(['a'], { here: R2, elsewhere: R2 });
  await clock.advance(DAY_MS / 2);
  await store.remove('workspaces', (await store.read('workspaces', 'a'))!);
  await store.save('workspaces', aWorkspace({ id: 'a', owner: 'joao', createdAt: clock.now() }));
  await keepBooks(ports);
  await clock.advance(DAY_MS / 2);
  await keepBooks(ports);
  expect(storage(journals).map(({ owner, micro }) => [owner, micro])).toEqual([
    [aWorkspace().owner, 7_500],
    ['joao', 7_500],
  ]);
});

test('what lies there today counts before its day is over, and as it will be entered', async () => {
  const { r2 } = STORAGE_PRICES;
  const { clock, journals, ports } = await shelf(['a', 'b', 'c'], { here: r2, elsewhere: r2 });
  for (let day = 0; day < 3; day += 1) {
    await clock.advance(DAY_MS);
    await keepBooks(ports);
  }
  expect(paid(journals), '270 of 300 GB-days that cost nothing').toBe(0);
  const period = { from: clock.now(), until: clock.now() + DAY_MS };
  const wanted = { period, workspace: null, user: null, baseline: { kind: 'offer' as const }, by: 'day' as const };
  const storageNow = async () => (await savingsFor(wanted, ports)).total.paidFor.storage;
  await clock.advance(DAY_MS - MINUTE);
  const soon = await storageNow();
  await clock.advance(MINUTE);
  await keepBooks(ports);
  expect(paid(journals), 'one of three has the rest').toBe(30_000);
  expect(Math.abs(soon - 30_000)).toBeLessThan(100);
  expect(await storageNow()).toBe(30_000);
});
