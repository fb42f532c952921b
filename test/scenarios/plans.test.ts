import { expect, test } from 'vitest';
import { STORAGE_PRICES } from '../../engine/domain/storage-prices.ts';
import type { intervalOf } from '../../engine/policy/plan.ts';
import { MIGRATIONS, type RawRows } from '../../engine/store/migrations.ts';
import { ANA, awake, MINUTE, World } from '../fakes/world.ts';

test('what its plan does not have is refused and changes nothing; together with the plan that has it, it is not', async () => {
  const w = new World();
  const { engine, stop } = await w.start();
  await expect(engine.create('lab', { backupEveryMs: 10_000 }, ANA)).rejects.toMatchObject({ code: 'not_in_plan' });
  expect(await engine.status(null), 'nothing was made').toEqual([]);
  await engine.create('lab', {}, ANA);
  const refusals = [
    [{ backupEveryMs: 30_000 }, 'not_in_plan'],
    [{ retentionDays: 8 }, 'bad_request'],
    [{ backupEveryMs: 7_000 }, 'bad_request'], // no plan has it
  ] as const;
  for (const [refused, code] of refusals)
    await expect(engine.configure('lab', refused, ANA)).rejects.toMatchObject({ code });
  const changed = await engine.configure('lab', { plan: 'pro', backupEveryMs: 30_000, retentionDays: 30 }, ANA);
  expect(changed.spec).toMatchObject({ plan: 'pro', backupEveryMs: 30_000, retentionDays: 30 });
  await expect(engine.configure('lab', { plan: 'free' }, ANA), 'with another interval it can').rejects.toMatchObject({
    code: 'not_in_plan',
  });
  await engine.configure('lab', { plan: 'free', backupEveryMs: null }, ANA);
  await engine.configure('lab', { image: 'ubuntu:24.04' }, ANA);
  await stop();
});

test('plans come with their price, for this workspace and before one is chosen', async () => {
  const w = new World();
  const { engine, stop } = await w.start();
  await engine.create('lab', {}, ANA);
  const { plans } = await engine.plans('lab');
  expect(plans.map(({ name, intervals }) => [name, intervals[0]?.intervalMs, intervals.length])).toEqual([
    ['free', 5 * MINUTE, 5],
    ['pro', 30_000, 7],
    ['enterprise', 10_000, 8],
  ]);
  const prices = plans.map(({ intervals }) => intervals[0]?.price.totalMicro ?? 0);
  expect(prices).toEqual(prices.toSorted((a, b) => a - b));
  const {
    plans: [typical],
  } = await engine.plans(null);
  expect(typical?.day.imageBytes).toBeGreaterThan(typical!.day.storedBytes / 2);
  await engine.configure('lab', { wakeImage: false }, ANA);
  const {
    plans: [without],
  } = await engine.plans('lab');
  expect(without?.day.imageBytes).toBe(0);
  expect(without!.intervals[0]!.price.totalMicro).toBeLessThan(typical!.intervals[0]!.price.totalMicro);
  await expect(engine.plans('nobody')).rejects.toMatchObject({ code: 'no_such_workspace' });
  await stop();
});

test('workspaces from before there were plans are put on the least one that has their interval', () => {
  const specs = [null, 10_000, 45_000, 300_000, 400_000, 86_400_000, 90_000_000].map((backupEveryMs, i) => ({
    id: `w${i}`,
    spec: { backupEveryMs },
  }));
  const rows: RawRows = new Map([['workspaces', new Map(specs.map((row) => [row.id, row]))]]);
  MIGRATIONS.find(({ name }) => name === 'putWorkspacesOnPlans')?.(rows);
  const after = [...(rows.get('workspaces')?.values() ?? [])].map(
    ({ spec }) => spec as Parameters<typeof intervalOf>[0],
  );
  expect(after.map(({ plan, backupEveryMs }) => [plan, backupEveryMs])).toEqual([
    ['free', null],
    ['enterprise', 10_000],
    ['pro', 60_000],
    ['free', 300_000],
    ['free', 900_000],
    ['free', 86_400_000],
    ['free', 86_400_000],
  ]);
});

test('a small workspace is not priced for a day on which more changes than it has', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  machine.write('workspace/a.py', 'print()');
  await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(10 * MINUTE);
  const [saved] = [...w.store.rows('snapshots').values()];
  await w.store.save('snapshots', { ...saved!, sizeBytes: 20_000 });
  const {
    plans: [plan],
  } = await engine.plans('lab');
  const { storedBytes, changedBytes, imageBytes } = plan!.day;
  expect(storedBytes).toBe(20_000);
  expect(changedBytes).toBeLessThan(storedBytes);
  expect(imageBytes).toBeLessThan(storedBytes);
  await stop();
});

test('before a plan or a snapshot is chosen, storage says what a restore will cost, and whose prices that is', async () => {
  const s3 = STORAGE_PRICES.s3;
  const w = new World({ prices: s3, storagePrices: { here: s3, elsewhere: s3 } });
  const { engine, machine, stop } = await awake(w);
  machine.write('workspace/a.py', 'print()');
  await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(10 * MINUTE);
  for (const saved of w.store.rows('snapshots').values()) await w.store.save('snapshots', { ...saved, sizeBytes: 7e9 });
  const { restore } = await engine.plans('lab');
  expect(restore).toEqual({
    prices: { of: 'Amazon S3', paid: true },
    bytes: 7e9,
    // 5 calls that write; 8 that read, the list, and one for each segment of 8 MiB of the wake image.
    requestsMicro: Math.round(5 * 5 + (8 + 1 + Math.ceil(7e9 / 2 ** 23)) * 0.4),
    outMicro: 630_000, // 7 GB at 9 cents
    book: 'standard',
    chargeMicro: 70_000, // 7 GB at a cent
  });
  const id = (await engine.snapshots('lab'))[0]!.id;
  const plan = await engine.restorePlan('lab', { onto: 'new', snapshot: id }, NEVER);
  expect(plan.price).toEqual(restore);
  expect((await engine.quote('lab', {})).restore).toEqual(restore);
  expect((await engine.plans('lab', 1e9)).restore).toMatchObject({ bytes: 1e9, outMicro: 90_000, chargeMicro: 10_000 });
  await stop();

  const local = new World({ storagePrices: { here: STORAGE_PRICES.none, elsewhere: STORAGE_PRICES.none } });
  const { engine: own, stop: end } = await local.start();
  expect((await own.plans(null)).prices).toEqual({ of: 'Cloudflare R2', paid: false });
  await end();
});

const NEVER = new AbortController().signal;
