import { expect, test } from 'vitest';
import { keepOwners } from '../../engine/accounts/owner.ts';
import { OWNER, roleOn, type Who } from '../../engine/domain/account.ts';
import { ANA, World } from '../fakes/world.ts';
import { desk, PASSWORD } from './desk.ts';

const who = (name: string): Who => ({ name, role: 'operator', workspaces: null, by: 'password' });

test('no account can have the name of whoever runs the engine', async () => {
  const { accounts } = desk();
  await expect(accounts.create(OWNER, 'admin', 'admin', PASSWORD)).rejects.toMatchObject({ code: 'bad_request' });
});

test('an account with the name of a user of this computer does not get what that user made', async () => {
  const w = new World();
  const { engine, stop } = await w.start();
  await engine.create('lab', {}, { ...ANA, by: 'ubuntu' });
  await engine.create('train', {}, { ...ANA, by: 'otto' });
  await keepOwners(w.store, 'ubuntu');
  expect((await w.store.list('workspaces')).map(({ id, owner }) => [id, owner])).toEqual([
    ['lab', OWNER],
    ['train', 'otto'],
  ]);
  expect(roleOn(who('ubuntu'), (await w.store.read('workspaces', 'lab'))!)).toBeNull();
  await stop();
});

test('where there is an account of that name, what it owns stays its own', async () => {
  const w = new World();
  const { engine, stop } = await w.start();
  await engine.create('lab', {}, { ...ANA, by: 'ubuntu' });
  const account = {
    id: 'ubuntu',
    version: 0,
    role: 'operator',
    password: '',
    createdAt: 0,
    createdBy: 'admin',
  } as const;
  await w.store.save('accounts', { ...account, endedAt: null, wordsSince: 0, discord: null });
  await keepOwners(w.store, 'ubuntu');
  expect((await w.store.read('workspaces', 'lab'))?.owner).toBe('ubuntu');
  await stop();
});
