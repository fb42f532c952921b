import { expect, test, vi } from 'vitest';
import { dropFormerKeys, rekey } from '../../engine/backups/rekey.ts';
import { descriptionPrefix, imagePrefix, keysPrefix } from '../../engine/domain/layout.ts';
import type { Ports, Repositories, Storage } from '../../engine/domain/ports.ts';
import type { Workspace } from '../../engine/domain/workspace.ts';
import * as restic from '../../engine/restic/commands.ts';
import { describe } from '../../engine/steps/describe.ts';
import { intoVault, mend, validate } from '../../engine/steps/vault.ts';
import { aMachine } from '../contracts/store-rows.ts';
import { resticProgram } from '../restic/which-restic.ts';
import { MASTER_KEY, REACH } from '../standins/r2/machine.ts';
import { vaulted } from './vault-world.ts';

const { signal } = new AbortController();
// Each starts restic dozens of times.
vi.setConfig({ testTimeout: 120_000 });
const resticTest = test.skipIf(resticProgram === null);

/** A workspace in the store with a backup, described beside it, and copied into a vault. */
async function kept() {
  const w = await vaulted();
  const row = await w.store.save('workspaces', { ...w.machine.workspace, version: 0 });
  const snapshot = await w.backUp({ a: 'one' });
  await describe(row, w.ports, signal);
  await w.copy();
  let count = 0;
  return {
    ...w,
    snapshot,
    workspace: async (): Promise<Workspace> => (await w.store.read('workspaces', 'lab'))!,
    /** Somebody asks for another password. */
    async ask(): Promise<string> {
      count += 1;
      const { sealed } = await w.machine.repositories.newPassword();
      const asked = { id: `op${count}`, version: 0, key: null, verb: 'rekey', workspace: 'lab', by: 'ana', at: 1 };
      const intent = { rekey: { sealedPassword: sealed } };
      await w.store.save('operations', { ...asked, intent, endedAt: null, outcome: null });
      return asked.id;
    },
    outcome: async (id: string) => (await w.store.read('operations', id))?.outcome,
    keysOf: async (where: Storage) => await w.keys(where, 'keys/'),
  };
}
type World = Awaited<ReturnType<typeof kept>>;

/** Restic with the password that the machine was given when it all began. */
const withFirstPassword = async (w: World) => (await w.machine.run(restic.catConfig(REACH), true)).code;

resticTest(
  'a new password opens the backups and their copies, and the old one nothing in the hot storage',
  async () => {
    const w = await kept();
    await using _ = w;
    const { storage } = w.machine;
    await storage.put(`${imagePrefix('lab')}head`, Buffer.from('sealed with the old one'), signal);
    const before = await w.keysOf(storage);
    expect(await withFirstPassword(w)).toBe(0);
    const id = await w.ask();
    await rekey(id, w.ports, signal);
    expect(await w.outcome(id)).toMatchObject({ ok: true, say: expect.stringContaining('opens nothing in the hot') });
    expect(await withFirstPassword(w)).toBe(12);
    expect(await w.keysOf(storage)).toHaveLength(1);
    expect(await w.keysOf(storage)).not.toEqual(before);
    expect(await storage.list(imagePrefix('lab'), signal)).toEqual([]);
    const lab = await w.workspace();
    expect((await w.machine.repositories.snapshots(lab, signal)).map((one) => one.id)).toEqual([w.snapshot.id]);
    const inVault = { ...lab, id: w.inVault.id };
    expect((await w.vault.repositories.snapshots(inVault, signal)).map((one) => one.id)).toEqual([w.snapshot.id]);

    // What the vault still has of the old one never comes back, whether all is well or not.
    const after = await w.keysOf(storage);
    await validate(lab, w.snapshot, w.ports, signal);
    expect(w.told, 'nothing was lost').toMatchObject([{ event: 'operation.ended' }]);
    for (const key of await w.keys(storage)) await storage.remove(key, signal);
    expect(await mend(lab, w.ports, signal)).toBeGreaterThan(0);
    expect(await w.keysOf(storage)).toEqual(after);
    expect((await w.machine.repositories.snapshots(lab, signal)).map((one) => one.id)).toEqual([w.snapshot.id]);
  },
);

resticTest('the old one stays for as long as a machine is there that may have been given it', async () => {
  const w = await kept();
  await using _ = w;
  const machine = await w.store.save('machines', aMachine({ id: 'm1', workspace: 'lab', state: 'running' }));
  const id = await w.ask();
  await rekey(id, w.ports, signal);
  expect(await w.outcome(id)).toMatchObject({
    ok: true,
    say: expect.stringContaining('Its machine has the old one until it is gone'),
  });
  expect(await withFirstPassword(w)).toBe(0);
  const lab = await w.workspace();
  expect(await w.machine.repositories.snapshots(lab, signal)).toHaveLength(1);
  await dropFormerKeys(lab, w.ports, signal);
  expect(await withFirstPassword(w)).toBe(0);
  await w.store.save('machines', { ...machine, state: 'gone' });
  await dropFormerKeys(lab, w.ports, signal);
  expect(await withFirstPassword(w)).toBe(12);
});

resticTest(
  'keys go only where the own password opens one: garbage and a key of a stranger let nobody in or out',
  async () => {
    const w = await kept();
    await using _ = w;
    const { storage, repositories } = w.machine;
    const lab = await w.workspace();
    const [own = ''] = await w.keysOf(storage);
    for (const [name, text] of [
      ['garbage', 'not even JSON'],
      ['dear', JSON.stringify({ N: 1 << 20, r: 8, p: 1, salt: 'AAAA', data: 'AAAA' })],
    ])
      await storage.put(`${keysPrefix('lab')}${name}`, Buffer.from(text!), signal);
    const stranger = { ...lab, ...(await rename(repositories.newPassword())) };
    expect(await repositories.formerKeys(stranger, signal)).toEqual([]);
    await dropFormerKeys(lab, w.ports, signal);
    expect(await w.keysOf(storage)).toEqual([own]);
  },
);

resticTest('more passwords than restic tries are refused before anything changes', async () => {
  const w = await kept();
  await using _ = w;
  for (let i = 0; i < 17; i++)
    await w.vault.storage.put(`${keysPrefix(w.inVault.id)}${i}`, Buffer.from('an old one'), signal);
  const before = await w.keysOf(w.machine.storage);
  const id = await w.ask();
  await rekey(id, w.ports, signal);
  expect(await w.outcome(id)).toMatchObject({ ok: false, code: 'too_many_keys', say: expect.stringContaining('18') });
  expect(await w.keysOf(w.machine.storage)).toEqual(before);
});

const rename = async (made: ReturnType<Repositories['newPassword']>) => ({ sealedPassword: (await made).sealed });

/** Everything outside, until the call that kills the engine. */
function mortal(ports: Ports, killedAt: number): Ports {
  let calls = 0;
  const wrap = <T extends object>(port: T): T =>
    new Proxy(port, {
      get(target, name) {
        const value = Reflect.get(target, name) as unknown;
        if (typeof value !== 'function') return value;
        return async (...args: unknown[]) => {
          calls += 1;
          if (calls > killedAt) throw new Error('killed');
          return await Reflect.apply(value, target, args);
        };
      },
    });
  const vaults = ports.vaults.map((vault) => ({ ...vault, storage: wrap(vault.storage) }));
  const [store, storage, repositories] = [wrap(ports.store), wrap(ports.storage), wrap(ports.repositories)];
  return { ...ports, store, storage, repositories, vaults };
}

/** The store's password opens both; and, for whoever has lost the store, each description opens what lies in its place. */
async function opensEverything(w: World): Promise<void> {
  const lab = await w.workspace();
  expect(await w.machine.repositories.snapshots(lab, signal)).toHaveLength(1);
  expect(await w.vault.repositories.snapshots({ ...lab, id: w.inVault.id }, signal)).toHaveLength(1);
  for (const [storage, repositories, id] of [
    [w.machine.storage, w.machine.repositories, 'lab'],
    [w.vault.storage, w.vault.repositories, w.inVault.id],
  ] as const) {
    const described = await storage.list(descriptionPrefix('lab'), signal);
    const newest = described.toSorted((a, b) => b.writtenAt - a.writtenAt)[0];
    const text = MASTER_KEY.open(Buffer.from((await storage.get(newest!.key, signal))!).toString(), 'lab');
    const { sealedPassword } = JSON.parse(text) as Workspace;
    expect(await repositories.snapshots({ ...lab, id, sealedPassword }, signal)).toHaveLength(1);
  }
}

/** What a vault does in days, when its locks have ended. */
async function letOldGo(w: World): Promise<void> {
  const inVault = { ...(await w.workspace()), id: w.inVault.id };
  const described = await w.machine.storage.list(descriptionPrefix('lab'), signal);
  const old = (await w.vault.storage.list(descriptionPrefix('lab'), signal)).map(({ key }) => key);
  for (const key of [
    ...(await w.vault.repositories.formerKeys(inVault, signal)),
    ...old.filter((one) => !described.some(({ key }) => key === one)),
  ])
    await w.vault.storage.remove(key, signal);
}

resticTest('killed at any call it locks nobody out, and the next start goes on', async () => {
  const w = await kept();
  await using _ = w;
  await w.r2.world.storage.setLocks('vault', []);
  for (let killedAt = 0; ; killedAt += 1) {
    const id = await w.ask();
    const killed = await rekey(id, mortal(w.ports, killedAt), signal).then(
      () => false,
      (cause: Error) => cause.message === 'killed',
    );
    await opensEverything(w);
    await rekey(id, w.ports, signal);
    expect(await w.outcome(id)).toMatchObject({ ok: true });
    expect(await w.keysOf(w.machine.storage), `killed at ${killedAt}`).toHaveLength(1);
    await opensEverything(w);
    await intoVault(await w.workspace(), w.vault, w.ports, signal);
    await opensEverything(w);
    await letOldGo(w);
    await opensEverything(w);
    if (killed) continue;
    expect(killedAt).toBeGreaterThan(10);
    return;
  }
});
