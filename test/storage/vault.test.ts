import { expect, test, vi } from 'vitest';
import { repositoryPrefix } from '../../engine/domain/layout.ts';
import * as restic from '../../engine/restic/commands.ts';
import { mend, validate } from '../../engine/steps/vault.ts';
import { resticProgram } from '../restic/which-restic.ts';
import { REACH } from '../standins/r2/machine.ts';
import type { R2 } from '../standins/r2/r2.ts';
import { DAY_MS, restores, vaulted } from './vault-world.ts';

const { signal } = new AbortController();
// Each starts restic dozens of times.
vi.setConfig({ testTimeout: 120_000 });
const resticTest = test.skipIf(resticProgram === null);

/** The order in which objects arrive in the vault. */
function arrivals(r2: R2): string[] {
  const places: string[] = [];
  r2.weather.fault = ({ action, bucket, key }) => {
    if (action === 'CopyObject' && bucket === 'vault')
      places.push(key.split('/').slice(1, 3).join('/').replace(/_.*/, ''));
    return undefined;
  };
  return places;
}

resticTest(
  'a vault holds what the hot repository does, packs before indexes before snapshots, and reads by itself',
  async () => {
    await using w = await vaulted();
    const first = await w.backUp({ a: 'one', b: 'two' });
    const places = arrivals(w.r2);
    w.r2.counted();
    expect(await w.copy()).toMatchObject({ mended: 0, dropped: 0, copied: 8 });
    const stages = places.map((place) => place.replace('repo/', ''));
    expect(stages.slice(0, 4).toSorted()).toEqual(['config', 'data', 'data', 'keys']);
    expect(stages.slice(4)).toEqual(['index', 'snapshots', 'backup', 'backup']);
    expect((await w.store.read('snapshots', first.id))?.vaultedAt).not.toBeNull();
    expect(await w.keys(w.vault.storage)).toEqual(await w.keys(w.machine.storage));
    const again = await w.copy();
    expect(again.copied, 'nothing is copied twice').toBe(0);
    const second = await w.backUp({ a: 'three' });
    expect((await w.copy()).copied).toBe(6);
    expect((await w.vault.repositories.snapshots(w.inVault, signal)).map(({ id }) => id).toSorted()).toEqual(
      [first.id, second.id].toSorted(),
    );
  },
);

resticTest('whatever the hot repository lost, or has otherwise than it was, comes back from the vault', async () => {
  await using w = await vaulted();
  const { storage } = w.machine;
  const workspace = await w.store.save('workspaces', { ...w.machine.workspace, version: 0 });
  const first = await w.backUp({ a: 'one'.repeat(5_000), b: 'two'.repeat(5_000) });
  const second = await w.backUp({ a: 'three'.repeat(5_000) });
  await w.copy();
  const whole = await w.keys(storage);
  const [pack = ''] = await w.keys(storage, 'data/');
  for (const lose of [
    async () => await storage.remove(pack, signal),
    async () => await storage.put(pack, Buffer.from('garbage'), signal),
    async () => await storage.remove((await w.keys(storage, 'index/'))[0]!, signal),
    async () => await storage.remove(`${repositoryPrefix('lab')}snapshots/${first.id}`, signal),
    async () => await storage.remove((await w.keys(storage, 'keys/'))[0]!, signal),
    async () => await storage.remove(`${repositoryPrefix('lab')}config`, signal),
    async () => {
      for (const key of await w.keys(storage)) await storage.remove(key, signal);
    },
  ]) {
    await lose();
    expect(await mend(workspace, w.ports, signal)).toBeGreaterThan(0);
    expect(await w.keys(storage)).toEqual(whole);
    await restores(w.machine, second.id);
  }
  expect(await mend(workspace, w.ports, signal), 'there is nothing left to mend').toBe(0);
  expect(w.told).toHaveLength(7);
  await storage.put(pack, Buffer.from('garbage'), signal);
  await validate(workspace, second, w.ports, signal);
  await restores(w.machine, second.id);
});

resticTest('what a machine empties does not empty the vault, however long nobody looks', async () => {
  await using w = await vaulted();
  const kept = await w.backUp({ a: 'one' });
  await w.copy();
  const before = await w.keys(w.vault.storage);
  // Whoever holds the machine has its password: a repository without this snapshot, and sound.
  await w.machine.backUp();
  await w.machine.run(restic.forget(REACH, [kept.id]));
  await w.machine.run(restic.prune(REACH));
  for (let day = 0; day < 5; day++) {
    w.clock.aheadMs += DAY_MS;
    await w.copy();
  }
  expect(await w.keys(w.vault.storage)).toEqual(expect.arrayContaining(before));
  await restores(w.machine, kept.id);
});

resticTest('what is no longer needed leaves the vault when its lock has ended, and not before', async () => {
  await using w = await vaulted();
  const old = await w.backUp({ a: 'one'.repeat(1_000) });
  await w.copy();
  const row = await w.store.read('snapshots', old.id);
  const young = await w.backUp({ a: 'two'.repeat(1_000) });
  await w.store.remove('snapshots', row!);
  await w.machine.repositories.forget(w.machine.workspace, [old.id], signal);
  await w.machine.repositories.compact(w.machine.workspace, signal);
  expect((await w.copy()).dropped).toBe(0);
  w.clock.aheadMs = DAY_MS / 2;
  expect((await w.copy()).dropped).toBe(0);
  w.clock.aheadMs = DAY_MS + 60_000;
  expect((await w.copy()).dropped, 'the lock itself goes by the clock of storage').toBe(0);
  await w.r2.world.storage.setLocks('vault', []);
  expect((await w.copy()).dropped).toBeGreaterThan(3);
  expect(await w.keys(w.vault.storage)).toEqual(await w.keys(w.machine.storage));
  const { vault } = w;
  expect((await vault.repositories.snapshots(w.inVault, signal)).map(({ id }) => id)).toEqual([young.id]);
  expect(await vault.repositories.check(w.inVault, { readData: '100%' }, signal)).toEqual([]);
});

resticTest('a copy that breaks off does not count, and goes on where it was', async () => {
  await using w = await vaulted();
  const { id } = await w.backUp({ a: 'one', b: 'two' });
  let left = 3;
  w.r2.weather.fault = ({ action }) => {
    if (action !== 'CopyObject') return undefined;
    left -= 1;
    return left < 0 ? { do: 'answer', status: 503, code: 'SlowDown' } : undefined;
  };
  await expect(w.copy()).rejects.toMatchObject({ code: 'storage_down' });
  expect((await w.store.read('snapshots', id))?.vaultedAt).toBeNull();
  const carried = (await w.keys(w.vault.storage)).length;
  expect(carried).toBeGreaterThan(0);
  w.r2.weather.fault = () => undefined;
  expect((await w.copy()).copied).toBe(8 - carried);
  expect((await w.store.read('snapshots', id))?.vaultedAt).not.toBeNull();
});

resticTest(
  'what was damaged before it was copied does not count, whether a look at it tells or only its bytes',
  async () => {
    for (const folder of ['work', null]) {
      await using w = await vaulted();
      const { id } = await w.backUp({ a: 'one'.repeat(50_000) });
      const packs = await w.machine.storage.list(`${repositoryPrefix('lab')}data/`, signal);
      const bySize = packs.toSorted((a, b) => b.sizeBytes - a.sizeBytes);
      const pack = folder === null ? bySize.at(-1)! : bySize[0]!;
      const bytes = Buffer.from((await w.machine.storage.get(pack.key, signal)) ?? []);
      bytes[40]! ^= 1;
      await w.machine.storage.put(pack.key, bytes, signal);
      await expect(w.copy()).rejects.toMatchObject({ name: 'Failure' });
      expect((await w.store.read('snapshots', id))?.vaultedAt).toBeNull();
    }
  },
);
