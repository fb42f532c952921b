import { expect, test, vi } from 'vitest';
import { upkeep } from '../../engine/backups/upkeep.ts';
import { repositoryPrefix } from '../../engine/domain/layout.ts';
import type { Ports } from '../../engine/domain/ports.ts';
import { createBell } from '../../engine/process/bell.ts';
import { FakeClock } from '../fakes/clock.ts';
import { FakeJournals } from '../fakes/store.ts';
import { resticProgram } from '../restic/which-restic.ts';
import { vaulted } from './vault-world.ts';

const { signal } = new AbortController();
// Starts restic dozens of times, on a computer that may be busy.
vi.setConfig({ testTimeout: 120_000 });
const MINUTE = 60_000;

test.skipIf(resticProgram === null)(
  'the lock of a backup that was killed keeps nothing from being removed, copied, checked and tried out',
  async () => {
    await using w = await vaulted();
    const { storage, repositories, workspace } = w.machine;
    const ports: Ports = {
      ...w.ports,
      journals: new FakeJournals(),
      bell: createBell(new FakeClock()),
      heartbeats: { latest: () => null } as unknown as Ports['heartbeats'],
    };
    await w.store.save('workspaces', { ...workspace, version: 0 });
    const old = await w.backUp({ a: 'one' });
    const newest = await w.backUp({ a: 'two' });
    const decision = { by: 'ana', why: 'a mistake', at: Date.now() };
    await w.store.save('snapshots', { ...(await w.store.read('snapshots', old.id))!, leaving: decision });

    const [writing, killed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    w.r2.weather.wait = async ({ action, key }) => {
      if (action !== 'PutObject' || !key.includes('/snapshots/')) return;
      writing.resolve();
      await killed.promise;
    };
    await w.machine.dieBackingUp(writing.promise);
    killed.resolve();
    const locks = async () => await storage.list(`${repositoryPrefix('lab')}locks/`, signal);
    expect(await locks()).toHaveLength(1);

    w.clock.aheadMs = 45 * MINUTE;
    await upkeep('lab', ports, signal);
    expect(await locks()).toEqual([]);
    expect((await repositories.snapshots(workspace, signal)).map(({ id }) => id)).not.toContain(old.id);
    expect(await w.store.read('snapshots', old.id)).toBeNull();
    expect(await w.store.read('upkeep', 'lab')).toMatchObject({
      waits: null,
      damage: null,
      checkedAt: expect.any(Number),
      vault: { objects: expect.any(Number) },
      drill: { snapshot: newest.id, ok: true },
    });
  },
);
