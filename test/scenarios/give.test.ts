import { expect, test } from 'vitest';
import type { Account, Role } from '../../engine/domain/account.ts';
import { engineFor } from '../../engine/guard.ts';
import { ANA, awake, MINUTE, SECOND, World } from '../fakes/world.ts';

const account = (id: string, role: Role, endedAt: number | null = null): Account => ({
  ...{ id, version: 0, role, password: '', createdAt: 0, createdBy: 'ana', endedAt, wordsSince: 0, discord: null },
});

/** Ana's lab with two snapshots, the first of them a good one to share. */
async function saved() {
  const w = new World();
  for (const one of [account('joao', 'operator'), account('vera', 'viewer'), account('gone', 'operator', 1)])
    await w.store.save('accounts', one);
  const running = await awake(w);
  const environment = { API_KEY: 'of-ana' };
  await running.engine.configure('lab', { environment, publicKeys: ['ssh-ed25519 ana'], afterWake: 'make' }, ANA);
  running.machine.write('workspace/code.py', 'good');
  await running.engine.snapshot('lab', { description: 'the paper' }, ANA);
  await w.clock.advance(MINUTE);
  const [good] = (await running.engine.snapshots('lab')).filter(({ kind }) => kind === 'manual');
  running.machine.write('workspace/secret.py', 'not shared');
  await running.engine.snapshot('lab', { description: 'later' }, ANA);
  await w.clock.advance(MINUTE);
  return { w, ...running, good: good! };
}

test('somebody else gets a snapshot as a workspace of their own, with none of what opens the old one', async () => {
  const { w, engine, good, stop } = await saved();
  const { id } = await engine.give('lab', good.id, { to: 'joao', into: 'paper' }, ANA);
  await w.clock.advance(MINUTE);
  expect((await engine.operation(id)).outcome).toMatchObject({ ok: true, facts: { workspace: 'paper' } });

  const [view] = await engine.status('paper');
  expect(view).toMatchObject({ sight: 'asleep', workspace: { owner: 'joao', shares: [], sequence: 1 } });
  expect(view?.workspace.spec).toMatchObject({ environment: {}, publicKeys: [], afterWake: null });
  const [own, ...others] = await engine.snapshots('paper');
  expect(others).toEqual([]);
  expect(own).toMatchObject({ description: 'the paper', contentHash: good.contentHash, workspace: 'paper' });
  expect([...w.storage.repository('paper').values()].map(({ files }) => [...files.keys()])).toEqual([
    ['workspace/code.py'],
  ]);
  expect([...w.storage.objects.keys()].filter((key) => key.startsWith('_dumont/workspaces/paper/'))).toHaveLength(1);

  expect(w.told).toContainEqual(
    expect.objectContaining({ event: 'workspace.received', workspace: 'paper', by: 'ana', to: 'joao' }),
  );
  const deeds = await w.journals.read('audit', 0);
  expect(deeds.filter(({ verb }) => verb === 'give')).toMatchObject([
    { by: 'ana', on: 'lab', why: 'to joao as paper' },
    { by: 'ana', on: 'paper', result: `shared with joao as ${own?.id.slice(0, 8)}` },
  ]);
  const ana = engineFor({ name: 'ana', role: 'operator', workspaces: null, by: 'password' }, engine, w.store);
  await expect(ana.snapshots('paper')).rejects.toMatchObject({ code: 'no_such_workspace' });
  const joao = engineFor({ name: 'joao', role: 'operator', workspaces: null, by: 'password' }, engine, w.store);
  expect(await joao.snapshots('paper')).toHaveLength(1);
  await expect(joao.snapshots('lab')).rejects.toMatchObject({ code: 'no_such_workspace' });

  await engine.wake('paper', {}, { by: 'joao', key: null });
  await w.clock.advance(3 * MINUTE);
  const [awakened] = await engine.status('paper');
  const theirs = w.marketplace.machines.get(awakened?.machine?.instance ?? '');
  expect(theirs?.files.get('workspace/code.py')?.content).toBe('good');
  expect(theirs?.files.has('workspace/secret.py')).toBe(false);
  await stop();
});

test('each wrong wish is refused in words, before anything is written', async () => {
  const { w, engine, good, stop } = await saved();
  const give = async (to: string, into = 'paper', id = good.id) => await engine.give('lab', id, { to, into }, ANA);
  await expect(give('nobody')).rejects.toThrow('There is no account named "nobody".');
  await expect(give('gone')).rejects.toThrow('There is no account named "gone".');
  await expect(give('vera')).rejects.toThrow('vera may not do this (create): it takes the role operator.');
  await expect(give('joao', 'lab')).rejects.toThrow('There is already a workspace named "lab".');
  await expect(give('joao', 'No Name')).rejects.toThrow('"No Name" is not a name for a workspace');
  await expect(give('joao', 'paper', 'ffff')).rejects.toThrow('There is no snapshot "ffff" of lab.');
  await expect(give('joao', 'paper', '')).rejects.toMatchObject({ code: expect.stringMatching(/snapshot|request/) });
  const token = { name: 'ana', role: 'admin', workspaces: ['lab'], by: 'token' } as const;
  await expect(
    engineFor(token, engine, w.store).give('lab', good.id, { to: 'joao', into: 'paper' }, ANA),
  ).rejects.toThrow('A token for some workspaces only may not do this (give).');
  expect((await w.store.list('operations')).filter(({ verb }) => verb === 'give')).toEqual([]);
  await stop();
});

test('what does not fit into a new workspace of the plan is not shared', async () => {
  const { w, engine, good, stop } = await saved();
  await w.store.save('snapshots', { ...(await w.store.read('snapshots', good.id))!, sizeBytes: 5.2e12 });
  await expect(engine.give('lab', good.id, { to: 'joao', into: 'paper' }, ANA)).rejects.toThrow(
    /^The plan "\w+" does not allow this: the snapshot has 5200.0 GB, and a new workspace holds [\d.]+ GB.$/,
  );
  await stop();
});

test('an engine that was killed in between goes on with the same password; the name is taken meanwhile', async () => {
  const { w, engine, good, stop } = await saved();
  w.storage.down = 'nobody answers';
  const asked = { by: 'ana', key: 'click-1' };
  const { id } = await engine.give('lab', good.id, { to: 'joao', into: 'paper' }, asked);
  await w.clock.advance(SECOND);
  await expect(engine.create('paper', {}, ANA)).rejects.toMatchObject({ code: 'workspace_exists' });
  await stop();
  w.storage.down = null;
  const again = await w.start();
  await w.clock.advance(5 * MINUTE);
  expect((await again.engine.operation(id)).outcome?.ok).toBe(true);
  expect(await again.engine.snapshots('paper')).toHaveLength(1);
  expect((await again.engine.give('lab', good.id, { to: 'joao', into: 'paper' }, asked)).id).toBe(id);
  await again.stop();
});

test('a copy that differs is no workspace, and nothing of it is left under its name', async () => {
  const { w, engine, good, stop } = await saved();
  w.storage.rots = true;
  const { id } = await engine.give('lab', good.id, { to: 'joao', into: 'paper' }, ANA);
  await w.clock.advance(5 * MINUTE);
  expect((await engine.operation(id)).outcome).toMatchObject({ ok: false, code: 'proof_failed' });
  await expect(engine.status('paper')).rejects.toMatchObject({ code: 'no_such_workspace' });
  expect(await w.storage.list('paper/')).toEqual([]);
  expect((await w.store.list('snapshots')).filter(({ workspace }) => workspace === 'paper')).toEqual([]);
  w.storage.rots = false;
  await engine.give('lab', good.id, { to: 'joao', into: 'paper' }, ANA);
  await w.clock.advance(5 * MINUTE);
  expect(await engine.snapshots('paper')).toHaveLength(1);
  await stop();
});
