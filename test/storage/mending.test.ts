import { createHash, randomBytes } from 'node:crypto';
import type { Readable } from 'node:stream';
import { expect, test, vi } from 'vitest';
import { makeClone } from '../../engine/backups/clone.ts';
import { drill } from '../../engine/backups/drill.ts';
import { repositoryPrefix } from '../../engine/domain/layout.ts';
import type { Intent } from '../../engine/domain/operation.ts';
import type { Ports, StoredObject } from '../../engine/domain/ports.ts';
import { validate } from '../../engine/steps/vault.ts';
import { createViews } from '../../engine/views.ts';
import { anOperation } from '../contracts/store-rows.ts';
import { FakeJournals } from '../fakes/store.ts';
import { resticProgram } from '../restic/which-restic.ts';
import { restores, vaulted } from './vault-world.ts';

const { signal } = new AbortController();
// Each starts restic dozens of times.
vi.setConfig({ testTimeout: 120_000 });
const resticTest = test.skipIf(resticProgram === null);

/** A snapshot that takes several packs, in the hot repository and in the vault. */
async function kept() {
  const w = await vaulted();
  const workspace = await w.store.save('workspaces', { ...w.machine.workspace, version: 0 });
  const big = randomBytes(20_000_000).toString('hex');
  const snapshot = await w.backUp({ 'big.hex': big, 'code.py': 'one' });
  await w.copy();
  const { storage } = w.machine;
  const packs = (await storage.list(`${repositoryPrefix('lab')}data/`, signal)).toSorted(
    (a, b) => b.sizeBytes - a.sizeBytes,
  );
  return {
    ...w,
    ports: { ...w.ports, journals: new FakeJournals() } as Ports,
    workspace,
    snapshot,
    big,
    packs,
    async lose({ key }: StoredObject): Promise<void> {
      w.told.length = 0;
      await storage.remove(key, signal);
    },
    async spoil({ key }: StoredObject): Promise<void> {
      w.told.length = 0;
      await storage.put(key, Buffer.from('garbage'), signal);
    },
  };
}

const sha256 = (bytes: string | Buffer): string => createHash('sha256').update(bytes).digest('hex');
const bytesOf = async (stream: Readable): Promise<Buffer> => Buffer.concat(await stream.toArray());
const MENDED = [expect.objectContaining({ event: 'repository.mended', from: 'vault', objects: 1 })];

resticTest('a download goes on where it was, with what the vault still had of it', async () => {
  const w = await kept();
  await using _ = w;
  const views = createViews(w.ports, null);
  const [one, other] = w.packs;
  for (const pack of [one!, other!]) {
    await w.lose(pack);
    const { stream } = await views.download('lab', w.snapshot.id, 'work/big.hex', signal);
    expect(sha256(await bytesOf(stream))).toBe(sha256(w.big));
    expect(w.told).toEqual(MENDED);
  }
  await w.lose(one!);
  const tar = await views.download('lab', w.snapshot.id, '', signal);
  expect((await bytesOf(tar.stream)).length).toBeGreaterThan(w.big.length);
  expect(w.told).toEqual(MENDED);
  await restores(w.machine, w.snapshot.id);

  await w.lose(one!);
  const alone = createViews({ ...w.ports, vaults: [] }, null);
  const { stream } = await alone.download('lab', w.snapshot.id, 'work/big.hex', signal);
  await expect(bytesOf(stream)).rejects.toMatchObject({ code: 'restore_failed' });
  const left = await views.download('lab', w.snapshot.id, 'work/big.hex', signal);
  for await (const chunk of left.stream) {
    expect(chunk).not.toHaveLength(0);
    break;
  }
  expect(left.stream.destroyed, 'who leaves early ends it').toBe(true);
});

resticTest('a drill brings what the vault had of it, and tells of that', async () => {
  const w = await kept();
  await using _ = w;
  await w.lose(w.packs[0]!);
  const done = await drill(w.workspace, w.snapshot, w.ports, signal);
  expect(done).toMatchObject({ ok: true, why: '2 files are as they were' });
  expect(w.told).toEqual(MENDED);
  for (const { key } of await w.vault.storage.list('', signal)) {
    if (key.endsWith(w.packs[0]!.key.split('/').at(-1)!)) {
      await w.r2.world.storage.setLocks('vault', []);
      await w.vault.storage.remove(key, signal);
    }
  }
  await w.lose(w.packs[0]!);
  expect(await drill(w.workspace, w.snapshot, w.ports, signal), 'nobody has it').toMatchObject({ ok: false });
});

resticTest('a clone and a gift are made of what the vault had, whether it was lost or spoiled', async () => {
  const w = await kept();
  await using _ = w;
  const make = async (into: string, intent: Intent): Promise<void> => {
    const asked = anOperation({ id: into, workspace: 'lab', intent, endedAt: null, outcome: null });
    await w.store.save('operations', asked);
    await makeClone(into, w.ports, signal);
    expect((await w.store.read('operations', into))?.outcome).toMatchObject({ ok: true });
    expect(w.told).toContainEqual(MENDED[0]);
    const made = (await w.store.read('workspaces', into))!;
    expect(await w.machine.repositories.check(made, { readData: '100%' }, signal)).toEqual([]);
  };
  const { id: snapshot } = w.snapshot;
  await w.lose(w.packs[0]!);
  await make('one', { clone: { snapshot, into: 'one' } });
  await w.spoil(w.packs.at(-1)!);
  await make('two', { clone: { snapshot, into: 'two' } });
  await w.lose(w.packs[0]!);
  const { sealed: sealedPassword } = await w.machine.repositories.newPassword();
  await make('three', { give: { snapshot, into: 'three', to: 'joao', sealedPassword } });
});

resticTest('a wake looks for each pack before any machine asks for it', async () => {
  const w = await kept();
  await using _ = w;
  await w.lose(w.packs[0]!);
  await validate(w.workspace, w.snapshot, w.ports, signal);
  expect(w.told).toEqual(MENDED);
  await restores(w.machine, w.snapshot.id);
});
