import { describe, expect, test } from 'vitest';
import type { Kind, Store } from '../../engine/domain/ports.ts';
import { aMachine, aSnapshot, aWorkspace, ONE_OF_EACH } from './store-rows.ts';

/** A store to be tested, and the same store after its engine was started again. */
export interface StoreUnderTest extends AsyncDisposable {
  readonly store: Store;
  reopened(): Promise<Store>;
}

/** What every store promises. `open` begins with an empty one. */
export function storeContract(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`${name} as a store`, () => {
    for (const kind of Object.keys(ONE_OF_EACH) as Kind[])
      test(`keeps ${kind} exactly as they were saved`, async () => {
        await using world = await open();
        const row = ONE_OF_EACH[kind];
        const saved = await world.store.save(kind, row);
        expect(saved).toEqual({ ...row, version: 1 });
        expect(await world.store.read(kind, row.id)).toEqual(saved);
        const again = await world.reopened();
        expect(await again.read(kind, row.id)).toEqual(saved);
        expect(await again.list(kind)).toEqual([saved]);
      });

    test('knows nothing of what was never saved', async () => {
      await using world = await open();
      expect(await world.store.read('machines', 'm1')).toBeNull();
      expect(await world.store.list('machines')).toEqual([]);
    });

    test('replaces only the version that was read', async () => {
      await using world = await open();
      const first = await world.store.save('machines', aMachine());
      const second = await world.store.save('machines', { ...first, why: 'second' });
      expect(second.version).toBe(2);
      await expect(world.store.save('machines', { ...first, why: 'late' })).rejects.toMatchObject({
        code: 'row_changed',
        message: 'Somebody changed machine m1 at the same moment.',
      });
      await expect(world.store.save('machines', aMachine())).rejects.toMatchObject({ code: 'row_changed' });
      expect(await world.store.read('machines', 'm1')).toEqual(second);
    });

    test('does not bring back a row that is gone', async () => {
      await using world = await open();
      const row = await world.store.save('machines', aMachine());
      await world.store.remove('machines', row);
      await expect(world.store.save('machines', row)).rejects.toMatchObject({ code: 'row_changed' });
      expect(await world.store.list('machines')).toEqual([]);
    });

    test('of many who save the same version at once, one wins', async () => {
      await using world = await open();
      const row = await world.store.save('machines', aMachine());
      const tries = Array.from({ length: 20 }, (_, n) => world.store.save('machines', { ...row, why: `writer ${n}` }));
      const ends = await Promise.allSettled(tries);
      const won = ends.filter((end) => end.status === 'fulfilled');
      expect(won).toHaveLength(1);
      expect(await world.store.read('machines', 'm1')).toEqual(won[0]?.value);
    });

    test('removes only the version that was read, and once is enough', async () => {
      await using world = await open();
      const first = await world.store.save('machines', aMachine());
      const second = await world.store.save('machines', first);
      await expect(world.store.remove('machines', first)).rejects.toMatchObject({ code: 'row_changed' });
      await world.store.remove('machines', second);
      await world.store.remove('machines', second);
      expect(await (await world.reopened()).read('machines', 'm1')).toBeNull();
    });

    test('what a caller does to a row does not change what is stored', async () => {
      await using world = await open();
      const given = aWorkspace();
      const saved = await world.store.save('workspaces', given);
      const read = await world.store.read('workspaces', 'lab');
      const [listed] = await world.store.list('workspaces');
      for (const row of [given, saved, read!, listed!]) {
        try {
          (row.spec.publicKeys as string[]).push('and mine');
        } catch {} // a frozen row is as good as a copy
      }
      expect((await world.store.read('workspaces', 'lab'))?.spec.publicKeys).toHaveLength(1);
    });

    test('leaves out what JSON leaves out, before a restart as after it', async () => {
      await using world = await open();
      await world.store.save('races', { ...ONE_OF_EACH.races, need: { gpu: undefined, spot: true } });
      expect(await world.store.read('races', 'r1')).toStrictEqual({
        ...ONE_OF_EACH.races,
        version: 1,
        need: { spot: true },
      });
    });

    test('refuses a row that the next start could not read', async () => {
      await using world = await open();
      const bad = aMachine({ since: Number.NaN });
      await expect(world.store.save('machines', bad)).rejects.toThrow('machines m1 must not be stored: since');
      expect(await world.store.list('machines')).toEqual([]);
    });
  });

  describe(`${name} and claims`, () => {
    test('the first machine gets the claim, another gets none', async () => {
      await using world = await open();
      await world.store.save('workspaces', aWorkspace());
      expect(await world.store.claim('lab', 'm1', 5)).toBe(1);
      expect(await world.store.claim('lab', 'm2', 6)).toBeNull();
      const again = await world.reopened();
      expect(await again.read('workspaces', 'lab')).toMatchObject({
        claim: { machine: 'm1', epoch: 1, at: 5 },
        epoch: 1,
        version: 2,
      });
      expect(await again.claim('lab', 'm2', 7)).toBeNull();
    });

    test('a machine that asks again has the epoch that it has', async () => {
      await using world = await open();
      await world.store.save('workspaces', aWorkspace());
      expect(await world.store.claim('lab', 'm1', 5)).toBe(1);
      expect(await world.store.claim('lab', 'm1', 9)).toBe(1);
      expect(await world.store.read('workspaces', 'lab')).toMatchObject({ version: 2, claim: { at: 5 } });
    });

    test('of many who claim at once, one gets it', async () => {
      await using world = await open();
      await world.store.save('workspaces', aWorkspace());
      const machines = Array.from({ length: 15 }, (_, n) => `m${n}`);
      const epochs = await Promise.all(machines.map((machine) => world.store.claim('lab', machine, 5)));
      expect(epochs.filter((epoch) => epoch !== null)).toEqual([1]);
    });

    test('each new holder has a higher epoch than any before, restarts included', async () => {
      await using world = await open();
      await world.store.save('workspaces', aWorkspace());
      expect(await world.store.claim('lab', 'm1', 5)).toBe(1);
      await world.store.unclaim('lab', 'm1');
      expect(await world.store.claim('lab', 'm2', 6)).toBe(2);
      await world.store.unclaim('lab', 'm2');
      const again = await world.reopened();
      expect(await again.claim('lab', 'm1', 7)).toBe(3);
    });

    test('only its holder ends a claim', async () => {
      await using world = await open();
      await world.store.save('workspaces', aWorkspace());
      await world.store.claim('lab', 'm1', 5);
      await world.store.unclaim('lab', 'm2');
      expect(await world.store.claim('lab', 'm2', 6)).toBeNull();
      await world.store.unclaim('nowhere', 'm1');
    });

    test('a claim changes the row, so whoever read it before must read it again', async () => {
      await using world = await open();
      const before = await world.store.save('workspaces', aWorkspace());
      await world.store.claim('lab', 'm1', 5);
      await expect(world.store.save('workspaces', before)).rejects.toMatchObject({ code: 'row_changed' });
    });

    test('an epoch never goes back', async () => {
      await using world = await open();
      await world.store.save('workspaces', aWorkspace());
      await world.store.claim('lab', 'm1', 5);
      const row = await world.store.read('workspaces', 'lab');
      await expect(world.store.save('workspaces', { ...row!, epoch: 0 })).rejects.toThrow('never goes back');
    });

    test('a snapshot of an older epoch enters as pre-failover or not at all', async () => {
      await using world = await open();
      await world.store.save('workspaces', aWorkspace());
      const epoch = await world.store.claim('lab', 'm1', 5);
      const old = aSnapshot({ epoch: epoch! - 1, provedAt: 6 });
      await expect(world.store.save('snapshots', old)).rejects.toMatchObject({ code: 'fenced' });
      expect(await world.store.list('snapshots')).toEqual([]);
      await world.store.save('snapshots', { ...old, kind: 'pre-failover' });
      await world.store.save('snapshots', aSnapshot({ id: 'c'.repeat(64), epoch: epoch!, provedAt: 7 }));
      expect(await world.store.list('snapshots')).toHaveLength(2);
    });

    test('there is no claim on a workspace that does not exist', async () => {
      await using world = await open();
      await expect(world.store.claim('nowhere', 'm1', 5)).rejects.toMatchObject({ code: 'no_such_workspace' });
    });
  });

  describe(`${name} and leases`, () => {
    test('one holder at a time, who may renew', async () => {
      await using world = await open();
      expect(await world.store.lease('machine/m1', 'a', 1_000, 60_000)).toBe(true);
      expect(await world.store.lease('machine/m1', 'b', 2_000, 60_000)).toBe(false);
      expect(await world.store.lease('machine/m1', 'a', 50_000, 60_000)).toBe(true);
      expect(await world.store.lease('machine/m1', 'b', 109_999, 60_000)).toBe(false);
      expect(await world.store.lease('machine/m2', 'b', 2_000, 60_000)).toBe(true);
    });

    test('a lease that ran out can be taken, and is then lost to its first holder', async () => {
      await using world = await open();
      await world.store.lease('machine/m1', 'a', 1_000, 60_000);
      expect(await world.store.lease('machine/m1', 'b', 61_000, 60_000)).toBe(true);
      expect(await world.store.lease('machine/m1', 'a', 61_001, 60_000)).toBe(false);
    });

    test('its holder gives it back, nobody else does', async () => {
      await using world = await open();
      await world.store.lease('machine/m1', 'a', 1_000, 60_000);
      await world.store.unlease('machine/m1', 'b');
      expect(await world.store.lease('machine/m1', 'b', 2_000, 60_000)).toBe(false);
      await world.store.unlease('machine/m1', 'a');
      expect(await world.store.lease('machine/m1', 'b', 2_000, 60_000)).toBe(true);
    });
  });
}
