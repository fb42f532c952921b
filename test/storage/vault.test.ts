import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { ManifestLine } from '../../engine/domain/agent-protocol.ts';
import { manifestKey, repositoryPrefix } from '../../engine/domain/layout.ts';
import type { Ports, Storage } from '../../engine/domain/ports.ts';
import { DEFAULTS } from '../../engine/domain/settings.ts';
import type { Snapshot } from '../../engine/domain/snapshot.ts';
import { contentHash } from '../../engine/policy/content-hash.ts';
import * as restic from '../../engine/restic/commands.ts';
import { writeMetadata } from '../../engine/steps/metadata.ts';
import { intoVault, mend, validate } from '../../engine/steps/vault.ts';
import { resticRepositories } from '../../engine/storage/repositories.ts';
import { s3Storage } from '../../engine/storage/s3.ts';
import { aSnapshot } from '../contracts/store-rows.ts';
import { FakeStore } from '../fakes/store.ts';
import { resticProgram } from '../restic/which-restic.ts';
import { MASTER_KEY, machineOn, REACH, type ResticMachine } from '../standins/r2/machine.ts';
import { type R2, standInForR2 } from '../standins/r2/r2.ts';
import { ROOT } from './storage-world.ts';

const { signal } = new AbortController();
const DAY_MS = 24 * 3_600_000;
const resticTest = test.skipIf(resticProgram === null);

/** A workspace on the stand-in with a catalogue, a vault beside it, and a control host that copies. */
async function vaulted() {
  await using opening = new AsyncDisposableStack();
  const r2 = opening.use(await standInForR2());
  const machine = opening.use(await machineOn(r2.world));
  const place = { ...r2.world.place('vault'), parent: { ...ROOT, account: 'local' }, now: Date.now };
  const storage = opening.use(s3Storage(place));
  const folder = join(r2.world.folder, 'vault-control');
  mkdirSync(folder);
  const options = { restic: resticProgram ?? '', storage, masterKey: MASTER_KEY, folder, now: Date.now };
  const repositories = resticRepositories({ ...options, connections: 8 });
  const store = new FakeStore();
  const told: unknown[] = [];
  const clock = { aheadMs: 0 };
  const vault = { name: 'vault', storage, repositories, lockMs: DAY_MS } as const;
  const ports = {
    settings: { ...DEFAULTS, installation: 'test' },
    clock: { now: () => Date.now() + clock.aheadMs },
    random: () => 0.5,
    store,
    storage: machine.storage,
    repositories: machine.repositories,
    vaults: [vault],
    log: () => undefined,
    tell: (talk: unknown) => told.push(talk),
  } as unknown as Ports;
  await r2.world.storage.setLocks('vault', [
    { id: 'vault', enabled: true, prefix: '', condition: { type: 'Age', maxAgeSeconds: DAY_MS / 1_000 } },
  ]);
  let sequence = 0;
  /** One backup, with its list and its row, as the engine enters it. */
  const backUp = async (files: Readonly<Record<string, string>>): Promise<Snapshot> => {
    const lines: ManifestLine[] = [];
    for (const [name, text] of Object.entries(files)) writeFileSync(join(machine.root, 'work', name), text);
    const all = { ...known, ...files };
    Object.assign(known, files);
    for (const [name, text] of Object.entries(all).toSorted()) {
      const sha256 = createHash('sha256').update(text).digest('hex');
      lines.push({ path: `work/${name}`, type: 'file', mode: 0o644, mtimeMs: 0, sizeBytes: text.length, sha256 });
    }
    const id = await machine.backUp();
    sequence += 1;
    const hash = contentHash(lines);
    const at = Date.now();
    const row = aSnapshot({
      id,
      kind: 'automatic',
      contentHash: hash,
      sequence,
      fileCount: lines.length,
      provedAt: at,
    });
    const manifest = gzipSync(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    await machine.storage.put(manifestKey('lab', id), manifest, signal);
    await writeMetadata(row, ports, signal);
    return await store.save('snapshots', row);
  };
  const known: Record<string, string> = {};
  const opened = opening.move();
  return {
    r2,
    machine,
    vault,
    ports,
    store,
    inVault: { ...machine.workspace, id: 'lab.1' },
    told,
    clock,
    backUp,
    copy: async () => await intoVault(machine.workspace, vault, ports, signal),
    keys: async (where: Storage, folder = '') =>
      (await where.list(`${repositoryPrefix(where === storage ? 'lab.1' : 'lab')}${folder}`, signal))
        .map(({ key }) => key.replace('lab.1/', 'lab/'))
        .toSorted(),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** The machine's restic brings the snapshot back, and everything in it is as it was. */
async function restores(machine: ResticMachine, id: string): Promise<void> {
  const { code, words } = await machine.run(
    restic.restore({ ...REACH, snapshot: id, folder: '/work', target: join(machine.root, `back-${id}`), only: null }),
    true,
  );
  expect([code, words]).toEqual([0, '']);
  const { lines } = await machine.run(restic.check(REACH, '100%'), true);
  expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ num_errors: 0 });
}

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
  const { storage, workspace } = w.machine;
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
