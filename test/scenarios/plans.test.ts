import { expect, test } from 'vitest';
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
  const plans = await engine.plans('lab');
  expect(plans.map(({ name, intervals }) => [name, intervals[0]?.intervalMs, intervals.length])).toEqual([
    ['free', 5 * MINUTE, 5],
    ['pro', 30_000, 7],
    ['enterprise', 10_000, 8],
  ]);
  const prices = plans.map(({ intervals }) => intervals[0]?.price.totalMicro ?? 0);
  expect(prices).toEqual(prices.toSorted((a, b) => a - b));
  const [typical] = await engine.plans(null);
  expect(typical?.day.imageBytes).toBeGreaterThan(typical!.day.storedBytes / 2);
  await engine.configure('lab', { wakeImage: false }, ANA);
  const [without] = await engine.plans('lab');
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
  const [plan] = await engine.plans('lab');
  const { storedBytes, changedBytes, imageBytes } = plan!.day;
  expect(storedBytes).toBe(20_000);
  expect(changedBytes).toBeLessThan(storedBytes);
  expect(imageBytes).toBeLessThan(storedBytes);
  await stop();
});
