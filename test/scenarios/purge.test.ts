import { expect, test, vi } from 'vitest';
import { noteInstallation, recoverStore } from '../../engine/backups/recovery.ts';
import { Failure } from '../../engine/domain/failures.ts';
import { destroyedKey, vaultName } from '../../engine/domain/layout.ts';
import type { Operation } from '../../engine/domain/operation.ts';
import { specDefaults } from '../../engine/domain/spec-defaults.ts';
import { NO_CHOICE } from '../../engine/domain/workspace.ts';
import { FakeStorage } from '../fakes/storage.ts';
import { FakeStore } from '../fakes/store.ts';
import { ANA, awake, MINUTE, SECOND, unseal, World } from '../fakes/world.ts';

// Many days.
vi.setConfig({ testTimeout: 120_000 });
const DAY = 24 * 60 * MINUTE;
const { signal } = new AbortController();
const PURGED = { code: 'workspace_purged' };

/** Asleep, with a snapshot that a vault has too. */
async function asleep() {
  const w = new World();
  const vault = new FakeStorage();
  w.vaults.push({ name: 'vault', storage: vault, repositories: vault, lockMs: DAY });
  await noteInstallation('test', w.storage, { mark: 'aa', seal: (plain) => `sealed ${plain}` }, signal);
  const { engine, machine, stop } = await awake(w);
  machine.write('workspace/train.py', 'print(1)');
  await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(10 * MINUTE);
  const [snapshot] = await engine.snapshots('lab');
  expect(snapshot?.vaultedAt).not.toBeNull();
  const recover = async () => {
    const store = new FakeStore();
    const recovery = { open: unseal, store, specDefaults: specDefaults(w.settings), now: w.clock.now() };
    return { store, recovered: await recoverStore({ ...recovery, storages: [w.storage, vault] }, signal) };
  };
  return { w, vault, engine, stop, recover, snapshot: snapshot?.id ?? '' };
}

/** Storage fails after it removed two objects, until `mend` is called. */
async function halfway() {
  const before = await asleep();
  const { w, engine } = before;
  const remove = w.storage.remove.bind(w.storage);
  let works = 2;
  w.storage.remove = async (key) => {
    works -= 1;
    if (works < 0) throw new Failure('storage_down', { why: 'it is on fire' });
    await remove(key);
  };
  const { length } = leftOf(w);
  const told = expect(engine.destroy('lab', { purge: true }, ANA)).rejects.toMatchObject(PURGED);
  await w.clock.advance(MINUTE);
  await told;
  expect(leftOf(w)).toHaveLength(length - 2);
  return { ...before, mend: () => Object.assign(w.storage, { remove }) };
}

function leftOf(w: World): readonly string[] {
  const named = [...w.storage.repository('lab').keys()];
  return [...named, ...w.storage.objects.keys()].filter((key) => !/^_dumont\/(installation|destroyed)/.test(key));
}

async function rowsOf(w: World): Promise<readonly unknown[]> {
  const kinds = ['workspaces', 'snapshots', 'upkeep'] as const;
  return (await Promise.all(kinds.map((kind) => w.store.list(kind)))).flat();
}

test('a purge that was cut off goes on by itself after a restart, and nothing is asked of the workspace meanwhile', async () => {
  const { w, vault, engine, stop, snapshot, mend } = await halfway();
  const asks = [
    engine.wake('lab', {}, ANA),
    engine.wake('lab', { snapshot }, ANA),
    engine.restorePlan('lab', { onto: 'new', snapshot }, signal),
    engine.clone('lab', snapshot, { into: 'two' }, ANA),
    engine.drill('lab', { snapshot }, ANA),
    engine.pin('lab', snapshot, { pinned: true, why: '' }, ANA),
    engine.configure('lab', { diskGb: 30 }, ANA),
    engine.standBy('lab', { on: false, agreedDollarsPerMonth: null }, ANA),
  ];
  await Promise.all(asks.map((ask) => expect(ask).rejects.toMatchObject(PURGED)));
  await expect(engine.create('lab', {}, ANA)).rejects.toMatchObject({ code: 'workspace_exists' });
  expect((await engine.status('lab'))[0]?.why).toBe('it is being removed');
  await stop();

  const again = await w.start();
  await expect(again.engine.wake('lab', {}, ANA)).rejects.toMatchObject(PURGED);
  const told = expect(again.engine.destroy('lab', { purge: true }, ANA), 'asked again').rejects.toMatchObject(PURGED);
  await w.clock.advance(MINUTE);
  await told;
  mend();
  await w.clock.advance(10 * MINUTE);
  expect(leftOf(w)).toEqual([]);
  expect(await rowsOf(w)).toEqual([]);
  expect(vault.objects.size, 'as long as its lock holds').toBeGreaterThan(1);
  await w.clock.advance(3 * DAY);
  expect([...vault.objects.keys()]).toEqual(['_dumont/installation-aa.json']);
  await again.engine.create('lab', {}, ANA);
  await again.stop();
});

test('a wake that was written down at the same moment wakes nothing, and whoever asked hears why', async () => {
  const { w, engine, stop, mend } = await halfway();
  const at = w.clock.now();
  const wish = { ...NO_CHOICE, want: 'awake', by: 'ana', at, why: 'asked for', operation: 'op-late' } as const;
  const none = { key: null, endedAt: null, outcome: null };
  const late: Operation = {
    ...none,
    id: 'op-late',
    version: 0,
    verb: 'wake',
    workspace: 'lab',
    by: 'ana',
    at,
    intent: { wish },
  };
  await w.store.save('operations', late);
  await w.clock.advance(5 * MINUTE);
  expect(await w.store.read('workspaces', 'lab')).toMatchObject({ wish: { want: 'asleep' } });
  mend();
  await w.clock.advance(10 * MINUTE);
  expect(w.rented).toEqual([]);
  expect(leftOf(w)).toEqual([]);
  expect((await engine.operation('op-late')).outcome).toMatchObject({ ok: false, ...PURGED });
  await stop();
});

test('many objects go at a time, however long all of them take', async () => {
  const { w, engine, stop } = await asleep();
  for (let pack = 0; pack < 8_000; pack += 1) w.storage.objects.set(`lab/repo/data/${pack}`, new Uint8Array());
  const remove = w.storage.remove.bind(w.storage);
  let [now, most] = [0, 0];
  w.storage.remove = async (key) => {
    now += 1;
    most = Math.max(most, now);
    await w.clock.sleep(60, signal);
    now -= 1;
    await remove(key);
  };
  const told = expect(engine.destroy('lab', { purge: true }, ANA)).rejects.toMatchObject(PURGED);
  await w.clock.advance(25 * SECOND);
  await told;
  await w.clock.advance(MINUTE);
  expect(leftOf(w)).toEqual([]);
  expect(await rowsOf(w)).toEqual([]);
  expect(most).toBeGreaterThan(8);
  await stop();
});

test('a store that is lost in the middle comes back with it, and once a person confirmed the rest goes', async () => {
  const { w, stop, recover, mend } = await halfway();
  await stop();
  mend();
  const { store, recovered } = await recover();
  expect(recovered.workspaces).toMatchObject([{ id: 'lab' }]);
  Object.assign(w, { store });
  const { engine, stop: end } = await w.start();
  const before = leftOf(w);
  await w.clock.advance(DAY);
  expect(leftOf(w)).toEqual(before);
  await engine.confirmRecovery(ANA);
  await w.clock.advance(10 * MINUTE);
  expect(leftOf(w)).toEqual([]);
  expect(await rowsOf(w)).toEqual([]);
  expect((await recover()).recovered.workspaces).toEqual([]);
  await end();
});

test('the mark of a purge takes nothing from a workspace that is alive, nor from a later one of its name', async () => {
  const { w, vault, engine, stop, recover } = await asleep();
  const lab = (await w.store.read('workspaces', 'lab'))!;
  await w.storage.put(destroyedKey(vaultName(lab)), Buffer.from(''));
  await w.clock.advance(3 * DAY);
  expect([...w.storage.objects.keys()].filter((key) => key.includes('destroyed'))).toEqual([]);
  expect(vault.repository(vaultName(lab)).size).toBe(1);
  const alive = await recover();
  expect(alive.recovered.workspaces).toMatchObject([{ id: 'lab', snapshots: 1, missing: [] }]);
  expect((await alive.store.read('workspaces', 'lab'))?.destroying).toBeUndefined();

  await engine.destroy('lab', { purge: true }, ANA);
  await w.clock.advance(MINUTE);
  const anew = await engine.create('lab', {}, ANA);
  await engine.wake('lab', {}, ANA);
  await w.clock.advance(5 * MINUTE);
  await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(3 * DAY);
  expect(vault.repository(vaultName(lab)).size, 'the lock of the first has ended').toBe(0);
  expect(vault.repository(vaultName(anew)).size).toBe(1);
  const { store, recovered } = await recover();
  expect(recovered.workspaces).toMatchObject([{ id: 'lab', snapshots: 1, missing: [] }]);
  expect((await store.read('workspaces', 'lab'))?.createdAt).toBe(anew.createdAt);
  await stop();
});
