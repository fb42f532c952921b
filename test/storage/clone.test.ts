import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { makeClone } from '../../engine/backups/clone.ts';
import { dropFormerKeys, rekey } from '../../engine/backups/rekey.ts';
import { isFailure } from '../../engine/domain/failures.ts';
import type { Ports } from '../../engine/domain/ports.ts';
import { anOperation } from '../contracts/store-rows.ts';
import { resticProgram } from '../restic/which-restic.ts';
import { vaulted } from './vault-world.ts';

const resticTest = test.skipIf(resticProgram === null);
const { signal } = new AbortController();
const BIG_BYTES = 20_000_000;

async function cloning() {
  const w = await vaulted();
  await w.store.save('workspaces', { ...w.machine.workspace, version: 0 });
  return {
    ...w,
    async ask(snapshot: string): Promise<string> {
      const intent = { clone: { snapshot, into: 'copy' } };
      const asked = anOperation({ id: 'op9', workspace: 'lab', intent, endedAt: null, outcome: null });
      return (await w.store.save('operations', asked)).id;
    },
    sizeOf: async (name: string): Promise<number> =>
      (await w.machine.storage.list(`${name}/repo/`, signal)).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  };
}

resticTest('a clone keeps only what its snapshot needs, and none of what came before or after it', async () => {
  const w = await cloning();
  await using _ = w;
  const big = randomBytes(BIG_BYTES / 2).toString('hex');
  await w.backUp({ 'big.hex': big, 'code.py': 'one' });
  const small = await w.backUp({ 'big.hex': 'not any more', 'code.py': 'two' });
  await w.backUp({ 'big.hex': big.toUpperCase(), 'code.py': 'three' });
  expect(await w.sizeOf('lab')).toBeGreaterThan(BIG_BYTES / 2);
  await makeClone(await w.ask(small.id), w.ports, signal);
  const copy = await w.store.read('workspaces', 'copy');
  expect((await w.store.read('operations', 'op9'))?.outcome).toMatchObject({ ok: true });
  expect(await w.sizeOf('copy')).toBeLessThan(100_000);
  const [own] = await w.machine.repositories.snapshots(copy!, signal);
  const digests = await w.machine.repositories.digests(copy!, own!.id, ['work/code.py', 'work/big.hex'], signal);
  expect(digests.size).toBe(2);
  expect(await w.machine.repositories.check(copy!, { readData: '100%' }, signal)).toEqual([]);
});

resticTest('a clone that is not its owner’s opens with its own key alone, which the original never had', async () => {
  const w = await cloning();
  await using _ = w;
  const { storage, repositories, workspace: lab } = w.machine;
  await w.backUp({ 'code.py': 'one', 'notes.txt': 'of ana alone' });
  const snapshot = await w.backUp({ 'notes.txt': 'for both' });
  const { sealed } = await repositories.newPassword();
  const give = { snapshot: snapshot.id, into: 'copy', to: 'joao', sealedPassword: sealed };
  const asked = anOperation({ id: 'op9', verb: 'clone', workspace: 'lab', by: 'joao', intent: { give } });
  await w.store.save('operations', { ...asked, endedAt: null, outcome: null });
  await makeClone('op9', w.ports, signal);
  expect((await w.store.read('operations', 'op9'))?.outcome).toMatchObject({ ok: true });

  const copy = (await w.store.read('workspaces', 'copy'))!;
  const namesIn = async (folder: string) =>
    (await storage.list(folder, signal)).map(({ key }) => key.slice(key.lastIndexOf('/') + 1));
  const theirs = await namesIn('copy/repo/');
  for (const { key } of await storage.list('lab/repo/', signal)) {
    if (!key.endsWith('/config')) expect(theirs, key).not.toContain(key.slice(key.lastIndexOf('/') + 1));
  }
  expect(await namesIn('copy/repo/keys/')).toHaveLength(1);
  expect(await repositories.password(copy)).not.toBe(await repositories.password(lab));
  const withOld = { ...copy, sealedPassword: lab.sealedPassword };
  await expect(repositories.snapshots(withOld, signal)).rejects.toMatchObject({ code: 'wrong_password' });
  const withNew = { ...lab, sealedPassword: sealed };
  await expect(repositories.snapshots(withNew, signal)).rejects.toMatchObject({ code: 'wrong_password' });
  expect(await repositories.snapshots(copy, signal)).toHaveLength(1);
  expect(await repositories.check(copy, { readData: '100%' }, signal)).toEqual([]);
});

resticTest('a password that changes while a clone is made opens the clone too, and the old one does not', async () => {
  for (const changesAt of [1, 4] as const) {
    const w = await cloning();
    await using _ = w;
    const snapshot = await w.backUp({ 'code.py': 'one' });
    await w.ask(snapshot.id);
    const { storage, repositories } = w.machine;
    const { sealed } = await repositories.newPassword();
    const intent = { rekey: { sealedPassword: sealed } };
    await w.store.save(
      'operations',
      anOperation({ id: 'op1', workspace: 'lab', intent, endedAt: null, outcome: null }),
    );
    let copied = 0;
    const overlapping: Ports = {
      ...w.ports,
      storage: new Proxy(storage, {
        get(target, name) {
          const value = Reflect.get(target, name) as unknown;
          if (typeof value !== 'function') return value;
          if (name !== 'copyFrom') return value.bind(target);
          return async (...args: unknown[]) => {
            copied += 1;
            if (copied === changesAt) await rekey('op1', w.ports, signal);
            return await Reflect.apply(value, target, args);
          };
        },
      }),
    };
    const once = makeClone('op9', overlapping, signal).then(
      () => 'made',
      (cause: unknown) => (isFailure(cause) ? cause.code : String(cause)),
    );
    expect(['row_changed', 'storage_refused', 'storage_down'], `at copy ${changesAt}`).toContain(await once);
    expect(await w.store.read('workspaces', 'copy'), 'not half of one').toBeNull();
    await makeClone('op9', w.ports, signal); // as its driver tries again
    const copy = (await w.store.read('workspaces', 'copy'))!;
    expect(copy.sealedPassword).toBe(sealed);
    expect(await repositories.snapshots(copy, signal)).toHaveLength(1);
    await dropFormerKeys(copy, w.ports, signal);
    expect(await w.machine.storage.list('copy/repo/keys/', signal)).toHaveLength(1);
    expect(await repositories.check(copy, { readData: '100%' }, signal)).toEqual([]);
  }
});
