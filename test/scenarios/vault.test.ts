import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { Failure } from '../../engine/domain/failures.ts';
import { manifestKey } from '../../engine/domain/layout.ts';
import { FakeStorage } from '../fakes/storage.ts';
import { ANA, awake, MINUTE, World } from '../fakes/world.ts';

const DAY = 24 * 60 * MINUTE;

function withVault() {
  const w = new World();
  const vault = new FakeStorage();
  const elsewhere = new FakeStorage();
  w.vaults.push({ name: 'vault', storage: vault, repositories: vault, lockMs: DAY });
  w.vaults.push({ name: 'elsewhere', storage: elsewhere, repositories: elsewhere, lockMs: DAY });
  return { w, vault, elsewhere };
}

async function asleep(w: World) {
  const running = await awake(w);
  running.machine.write('workspace/train.py', 'print(1)');
  await running.engine.hibernate('lab', {}, ANA);
  await w.clock.advance(5 * MINUTE);
  return running;
}

test('as soon as a workspace sleeps, its backup is in the vault and elsewhere, and the catalogue says so', async () => {
  const { w, vault, elsewhere } = withVault();
  const { engine, stop } = await asleep(w);
  const [newest] = await engine.snapshots('lab');
  expect(newest?.vaultedAt).not.toBeNull();
  const [{ createdAt = 0 } = {}] = await w.store.list('workspaces');
  for (const place of [vault, elsewhere])
    expect([...place.repository(`lab.${createdAt}`).keys()]).toEqual([newest?.id]);
  await stop();
});

test('what does not come out of the vault as it went in does not count', async () => {
  const { w, vault } = withVault();
  vault.rots = true;
  const { engine, stop } = await asleep(w);
  expect((await engine.snapshots('lab'))[0]?.vaultedAt).toBeNull();
  const { waits } = (await w.store.read('upkeep', 'lab'))!;
  expect(waits?.why).toContain('workspace/train.py');
  vault.rots = false;
  await w.clock.advance(5 * MINUTE);
  expect((await engine.snapshots('lab'))[0]?.vaultedAt).not.toBeNull();
  await stop();
});

test('a second copy that does not answer keeps the rest from nothing, and is asked less and less often', async () => {
  const { w, elsewhere } = withVault();
  const list = elsewhere.list.bind(elsewhere);
  const asked: number[] = [];
  elsewhere.list = async () => {
    asked.push(w.clock.now());
    throw new Failure('storage_down', { why: 'it is on fire' });
  };
  const { engine, stop } = await asleep(w);
  expect((await engine.snapshots('lab'))[0]?.vaultedAt).not.toBeNull();
  const row = (await w.store.read('upkeep', 'lab'))!;
  expect(row).toMatchObject({ waits: { why: expect.stringContaining('on fire') }, drill: { ok: true } });
  for (const done of [row.doneAt, row.vault, row.checkedAt, row.hot]) expect(done).not.toBeNull();
  await w.clock.advance(DAY);
  const later = (await w.store.read('upkeep', 'lab'))!;
  expect(later.waits).toEqual(row.waits);
  expect(later.drill, 'once is enough').toEqual(row.drill);
  const gaps = asked.slice(1).map((at, i) => Math.round((at - asked[i]!) / MINUTE));
  expect(gaps.slice(0, 6)).toEqual([1, 2, 4, 8, 16, 32]);
  expect(gaps.slice(6).every((gap) => gap >= 60 && gap <= 61)).toBe(true);
  expect(asked.length).toBeLessThan(33);

  elsewhere.list = list;
  await w.clock.advance(61 * MINUTE);
  expect(await w.store.read('upkeep', 'lab')).toMatchObject({ waits: null, missed: {} });
  const { createdAt } = (await w.store.read('workspaces', 'lab'))!;
  expect(elsewhere.repository(`lab.${createdAt}`).size).toBe(1);
  await stop();
});

test('a repository that was emptied comes back from the vault before any machine asks for it', async () => {
  const { w } = withVault();
  const { engine, stop } = await asleep(w);
  const [newest] = await engine.snapshots('lab');
  w.storage.repository('lab').clear();
  await engine.wake('lab', {}, ANA);
  await w.clock.advance(3 * MINUTE);
  const [view] = await engine.status('lab');
  expect(view?.sight).toBe('awake');
  expect(view?.machine?.restored).toBe(newest?.id);
  expect(w.told.filter(({ event }) => event === 'repository.mended')).toHaveLength(1);
  await stop();
});

test('without a vault a lost repository is said in words, and not fifteen machines later', async () => {
  const w = new World();
  const { engine, stop } = await asleep(w);
  const before = w.marketplace.machines.size;
  w.storage.repository('lab').clear();
  await engine.wake('lab', {}, ANA);
  await w.clock.advance(5 * MINUTE);
  const [view] = await engine.status('lab');
  expect(view?.operation?.outcome?.say).toContain('There is no snapshot');
  expect(w.marketplace.machines.size - before).toBeLessThanOrEqual(5);
  await stop();
});

test('the list of a snapshot that is gone comes back from the vault, and is not dropped there', async () => {
  const { w, vault } = withVault();
  const { engine, stop } = await asleep(w);
  const [newest] = await engine.snapshots('lab');
  const { signal } = new AbortController();
  const list = manifestKey('lab', newest!.id);
  w.storage.objects.delete(list);
  const [entry] = await engine.files('lab', newest!.id, { folder: '', deep: true }, signal);
  expect(entry?.name).toBe('workspace/train.py');
  expect(w.told.filter(({ event }) => event === 'repository.mended')).toMatchObject([{ objects: 1 }]);

  w.storage.objects.delete(list);
  await w.clock.advance(3 * DAY);
  expect(w.storage.objects.has(list), 'the upkeep sees it too').toBe(true);
  const { createdAt } = (await w.store.read('workspaces', 'lab'))!;
  expect(vault.objects.has(manifestKey(`lab.${createdAt}`, newest!.id))).toBe(true);
  await stop();
});

test('a download that breaks off in the middle goes on there, and none of it is given twice', async () => {
  const { w } = withVault();
  const { engine, stop } = await asleep(w);
  const [newest] = await engine.snapshots('lab');
  const whole = w.storage.read.bind(w.storage);
  w.storage.read = (...asked) => {
    if (w.storage.repository('lab').has(newest!.id)) return whole(...asked);
    return Readable.from(
      (async function* () {
        for (const part of ['pri', 'nt(']) yield Buffer.from(part);
        throw new Failure('restore_failed', { why: 'a pack is not there' });
      })(),
    );
  };
  w.storage.repository('lab').clear();
  const { stream } = await engine.download('lab', newest!.id, 'workspace/train.py', new AbortController().signal);
  expect(Buffer.concat(await stream.toArray()).toString()).toBe('print(1)');
  expect(w.told.filter(({ event }) => event === 'repository.mended')).toHaveLength(1);
  await stop();
});
