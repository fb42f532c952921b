import { expect, test } from 'vitest';
import { noUpkeep } from '../../engine/domain/upkeep.ts';
import { createMetrics } from '../../engine/process/metrics.ts';
import { ANA, World } from '../fakes/world.ts';

test('what a workspace takes in storage is seen with its price, in its status and as a metric', async () => {
  const w = new World();
  const { engine, stop } = await w.start();
  await engine.create('lab', {}, ANA);
  await engine.create('new', {}, ANA);
  const usage = (bytes: number) => ({ bytes, objects: 9, at: 5_000 });
  await w.store.save('upkeep', { ...noUpkeep('lab'), hot: usage(100e9), vault: usage(60e9) });
  const views = await engine.status(null);
  expect(
    views.map(({ storage }) => storage),
    '160 GB at $0.015',
  ).toEqual([{ bytes: 100e9, vaultBytes: 60e9, microPerMonth: 2_400_000, countedAt: 5_000 }, null]);
  const metrics = createMetrics(w.clock);
  metrics.watch(engine);
  const { body } = await metrics.text();
  expect(body.split('\n').filter((line) => line.startsWith('dumont_storage'))).toEqual([
    'dumont_storage_bytes{workspace="lab",place="hot"} 100000000000',
    'dumont_storage_bytes{workspace="lab",place="vault"} 60000000000',
    'dumont_storage_dollars_per_month{workspace="lab"} 2.4',
  ]);
  await stop();
});
