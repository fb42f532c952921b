import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { putAccounts, readAccounts } from '../../engine/backups/kept-accounts.ts';
import { noteInstallation, recoverStore } from '../../engine/backups/recovery.ts';
import { sealAnew } from '../../engine/backups/seal-anew.ts';
import { Failure, isFailure } from '../../engine/domain/failures.ts';
import { accountsKey, descriptionKey, INSTALLATION, installationKey } from '../../engine/domain/layout.ts';
import type { Storage, Store } from '../../engine/domain/ports.ts';
import { DEFAULTS } from '../../engine/domain/settings.ts';
import { specDefaults } from '../../engine/domain/spec-defaults.ts';
import { NO_CHOICE, type Workspace } from '../../engine/domain/workspace.ts';
import { describe } from '../../engine/steps/describe.ts';
import {
  confirmCopy,
  confirmNext,
  hasCopy,
  nextRecoveryKey,
  readKeys,
  replaceKey,
} from '../../engine/storage/key-files.ts';
import { masterKey, readMasterKey } from '../../engine/storage/master-key.ts';
import { readRecoveryKey, recoveryKeyIn } from '../../engine/storage/recovery-key.ts';
import { openJournals } from '../../engine/store/open-journals.ts';
import { FakeStorage } from '../fakes/storage.ts';
import { FakeStore } from '../fakes/store.ts';
import { temporaryFolder } from '../store/temporary-folder.ts';

const { signal } = new AbortController();
const NAMES = ['lab', 'train', 'twin'];
const passwordOf = (name: string): string => `the password of ${name}`;

/** An installation with three workspaces, described beside the data and in a vault, and a gift that is under way. */
async function installed(folder: string) {
  const file = join(folder, 'master.key');
  const key = await readMasterKey(file);
  const [store, hot, vault] = [new FakeStore(), new FakeStorage(), new FakeStorage()];
  await noteInstallation('abcdefgh', hot, key, signal);
  for (const id of NAMES) {
    const wish = { ...NO_CHOICE, want: 'asleep', by: 'ana', at: 1, why: '', operation: '' } as const;
    const none = {
      claim: null,
      asks: [],
      fetches: [],
      jobs: [],
      keep: null,
      standby: null,
      yields: null,
      schedules: [],
      shares: [],
    };
    const spec = { ...specDefaults(DEFAULTS), environment: { TOKEN: `of ${id}` } };
    const sealedPassword = key.seal(passwordOf(id));
    const own = { id, version: 0, owner: 'ana', createdAt: 1, epoch: 1, sequence: 1, wish, spec, sealedPassword };
    const workspace: Workspace = await store.save('workspaces', { ...own, ...none });
    await describe(workspace, { storage: hot, seal: key.seal, unseal: (sealed) => key.open(sealed, '-') }, signal);
  }
  for (const [name, body] of hot.objects) vault.objects.set(name, body);
  const give = { snapshot: 'a', into: 'paper', to: 'joao', sealedPassword: key.seal(passwordOf('paper')) };
  const asked = { id: 'op1', version: 0, key: null, verb: 'give', workspace: 'lab', by: 'ana', at: 1 };
  await store.save('operations', { ...asked, intent: { give }, endedAt: null, outcome: null });
  return { file, store, hot, vault, oldKey: await recoveryKeyIn(file) };
}
type World = Awaited<ReturnType<typeof installed>>;

/** What an engine does at its start, until the call that kills it. */
async function start({ file, store, hot, vault }: World, killedAt = Number.POSITIVE_INFINITY): Promise<boolean> {
  let calls = 0;
  const mortal = <T extends Store | Storage>(port: T): T =>
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
  // A copy inside storage knows its source only by what it is.
  vault.copyFrom = async (_, { key }, { as }) => void vault.objects.set(as, hot.objects.get(key)!);
  const keys = await readKeys(file);
  if (!keys.confirmed) return true;
  const work = {
    store: mortal<Store>(store),
    storages: [mortal<Storage>(hot), mortal<Storage>(vault)] as const,
    installation: 'abcdefgh',
    open: (sealed: string) => keys.key.open(sealed, '-'),
    fresh: keys.confirmed,
  };
  try {
    await sealAnew(work, signal);
    calls += 1;
    if (calls > killedAt) throw new Error('killed');
    await replaceKey(file);
    return true;
  } catch (cause) {
    if (cause instanceof Error && cause.message === 'killed') return false;
    throw cause;
  }
}

/** The passwords that a store recovered with this key has; null when it opens nothing there. */
async function recovered(key: string, storages: readonly Storage[]): Promise<readonly string[] | null> {
  const { open } = masterKey(readRecoveryKey(key));
  const store = new FakeStore();
  const how = { storages, store, specDefaults: specDefaults(DEFAULTS), now: 1, open: (it: string) => open(it, '-') };
  try {
    await recoverStore(how, signal);
  } catch (cause) {
    if (isFailure(cause, 'wrong_recovery_key', 'nothing_to_recover')) return null;
    throw cause;
  }
  const rows = (await store.list('workspaces')).toSorted((a, b) => (a.id < b.id ? -1 : 1));
  return rows.map(({ sealedPassword }) => open(sealedPassword, '-'));
}

test('nothing changes before the new recovery key is typed back, and then the old one opens nothing any more', async () => {
  await using folder = await temporaryFolder();
  const world = await installed(folder.path);
  const { file, store, hot, vault, oldKey } = world;
  const newKey = await nextRecoveryKey(file);
  expect(await nextRecoveryKey(file), 'asked again it is the same').toBe(newKey);
  await start(world);
  expect(await recoveryKeyIn(file)).toBe(oldKey);
  await expect(confirmNext(file, oldKey)).rejects.toMatchObject({ code: 'other_recovery_key' });
  await expect(confirmNext(file, 'nonsense')).rejects.toMatchObject({ code: 'bad_recovery_key' });
  expect(await recovered(oldKey, [hot, vault])).toEqual(NAMES.map(passwordOf));
  expect(await recovered(newKey!, [hot, vault])).toBeNull();

  await confirmNext(file, newKey!);
  expect(await recovered(oldKey, [hot, vault]), 'until an engine sealed all anew').toEqual(NAMES.map(passwordOf));
  expect(await nextRecoveryKey(file), 'one at a time').toBeNull();
  await start(world);
  expect(await recoveryKeyIn(file)).toBe(newKey);
  expect(existsSync(`${file}.confirmed`)).toBe(false);
  expect(await recovered(newKey!, [hot, vault])).toEqual(NAMES.map(passwordOf));
  expect(await recovered(newKey!, [vault]), 'from the vault alone').toEqual(NAMES.map(passwordOf));
  expect(await recovered(oldKey, [hot, vault])).toBeNull();
  const old = masterKey(readRecoveryKey(oldKey));
  for (const [name, body] of hot.objects)
    expect(() => old.open(Buffer.from(body).toString(), '-'), name).toThrow('does not open');
  expect([...hot.objects.keys()].filter((name) => name.startsWith(INSTALLATION))).toHaveLength(1);
  const [asked] = await store.list('operations');
  const gift = asked?.intent && 'give' in asked.intent ? asked.intent.give.sealedPassword : '';
  expect((await readMasterKey(file)).open(gift, '-')).toBe(passwordOf('paper'));
});

test('what a stranger sealed in the same storage stays', async () => {
  await using folder = await temporaryFolder();
  const world = await installed(folder.path);
  const { file, hot } = world;
  const stranger = masterKey(Buffer.alloc(32, 9));
  const names = [installationKey(stranger.mark), accountsKey(stranger.mark, 'ff'), descriptionKey('lab', 'ff')];
  for (const name of names) hot.objects.set(name, Buffer.from(stranger.seal('{}')));
  const newKey = await nextRecoveryKey(file);
  await confirmNext(file, newKey!);
  await start(world);
  expect(await recoveryKeyIn(file)).toBe(newKey);
  expect(names.filter((name) => !hot.objects.has(name))).toEqual([]);
});

test('accounts are sealed anew as well, though somebody else writes the same into the vault at that moment', async () => {
  await using folder = await temporaryFolder();
  const world = await installed(folder.path);
  const { file, store, hot, vault, oldKey } = world;
  const none = { version: 0, password: 'scrypt$', createdAt: 1, createdBy: '', endedAt: null, wordsSince: 1 } as const;
  await store.save('accounts', { ...none, id: 'ana', role: 'admin', discord: null });
  const { key: old } = await readKeys(file);
  await putAccounts({ store, storages: [hot, vault], key: old }, signal);
  await confirmNext(file, (await nextRecoveryKey(file))!);
  const put = vault.put.bind(vault);
  vault.put = async (key, body) => {
    await put(key, body);
    throw new Failure('storage_refused', { why: 'ObjectLockedByBucketPolicy' });
  };
  await start(world);
  const { open } = await readMasterKey(file);
  for (const one of [hot, vault])
    expect(await readAccounts([one], (it) => open(it, '-'), signal)).toMatchObject([{ id: 'ana', role: 'admin' }]);
  const oldOpen = masterKey(readRecoveryKey(oldKey)).open;
  expect(await readAccounts([hot], (it) => oldOpen(it, '-'), signal)).toEqual([]);
});

test('a store that was recovered is sealed anew when a person confirmed it, and until then both keys open', async () => {
  await using folder = await temporaryFolder();
  const world = await installed(folder.path);
  const { file, store, hot, oldKey } = world;
  const newKey = await nextRecoveryKey(file);
  await confirmNext(file, newKey!);
  const waits = { version: 0, workspace: null, raisedAt: 1, why: '', resolvedAt: null, resolvedBy: null } as const;
  const alert = await store.save('alerts', { ...waits, id: 'recovered', kind: 'recovered' });
  await expect(start(world)).rejects.toMatchObject({ code: 'recovery_unconfirmed' });
  expect(await recoveryKeyIn(file)).toBe(oldKey);
  expect(await recovered(oldKey, [hot])).toEqual(NAMES.map(passwordOf));
  await store.save('alerts', { ...alert, resolvedAt: 2, resolvedBy: 'ana' });
  await start(world);
  expect(await recoveryKeyIn(file)).toBe(newKey);
  expect(await recovered(newKey!, [hot])).toEqual(NAMES.map(passwordOf));
});

test('killed at any call it loses nothing: all opens, one recovery key brings all back, and the next start goes on', async () => {
  for (let killedAt = 0; ; killedAt += 1) {
    await using folder = await temporaryFolder();
    const world = await installed(folder.path);
    const { file, store, hot, vault, oldKey } = world;
    const newKey = await nextRecoveryKey(file);
    await confirmNext(file, newKey!);
    const whole = await start(world, killedAt);
    const { key } = await readKeys(file);
    for (const { id, sealedPassword } of await store.list('workspaces'))
      expect(key.open(sealedPassword, id), `killed at ${killedAt}`).toBe(passwordOf(id));
    const back = [await recovered(oldKey, [hot]), await recovered(newKey!, [hot])]; // no vault need be there
    expect(back, `killed at ${killedAt}`).toContainEqual(NAMES.map(passwordOf));
    await start(world);
    expect(await recoveryKeyIn(file)).toBe(newKey);
    expect(await recovered(oldKey, [hot, vault]), `killed at ${killedAt}`).toBeNull();
    expect(await recovered(newKey!, [hot, vault])).toEqual(NAMES.map(passwordOf));
    if (!whole) continue;
    expect(killedAt).toBeGreaterThan(20);
    return;
  }
});

test('what old keys marked in the audit is still whole, through two rotations, and nothing old follows something new', async () => {
  await using folder = await temporaryFolder();
  const world = await installed(folder.path);
  const audit = async () => {
    const { key, former } = await readKeys(world.file);
    return await openJournals(join(folder.path, 'journals'), key.sign, former);
  };
  const deed = (verb: string) => ({ at: 1, by: 'ana', verb, on: 'lab', result: '', why: '' });
  const { key: oldest } = await readKeys(world.file);
  for (const verb of ['create', 'wake', 'hibernate']) {
    {
      await using journals = await audit();
      await journals.append('audit', deed(verb));
      expect(await journals.verify()).toMatchObject({ broken: null });
    }
    await confirmNext(world.file, (await nextRecoveryKey(world.file))!);
    await start(world);
  }
  await using journals = await audit();
  await journals.append('audit', deed('destroy'));
  expect(await journals.verify()).toMatchObject({ entries: 4, broken: null });
  await using thief = await openJournals(join(folder.path, 'journals'), oldest.sign);
  await thief.append('audit', deed('forged'));
  expect(await journals.verify()).toMatchObject({ entries: 4, broken: { line: 5 } });
});

test('a person shows that they keep the recovery key; after a rotation it is the new one that counts', async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'master.key');
  expect(await hasCopy(file)).toBeNull();
  await expect(confirmCopy(file, 'x')).rejects.toThrow('there is no master key');
  await readMasterKey(file);
  const own = await recoveryKeyIn(file);
  expect(await hasCopy(file)).toBe(false);
  await expect(confirmCopy(file, 'f'.repeat(64))).rejects.toThrow(
    'This recovery key is a good one, but not the one that counts here',
  );
  await confirmCopy(file, own.toLowerCase());
  expect(await hasCopy(file)).toBe(true);
  await nextRecoveryKey(file);
  expect(await hasCopy(file)).toBe(true);
  const next = (await nextRecoveryKey(file))!;
  await confirmNext(file, next);
  expect(await hasCopy(file)).toBe(true);
  await expect(confirmCopy(file, own)).rejects.toMatchObject({ code: 'other_recovery_key' });
  expect(readFileSync(join(folder.path, 'recovery-key.kept'), 'utf8')).not.toContain(readFileSync(file, 'utf8').trim());
});
