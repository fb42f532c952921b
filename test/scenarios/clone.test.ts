import { expect, test } from 'vitest';
import { wordsIn } from '../../bot/words/words.ts';
import { Failure } from '../../engine/domain/failures.ts';
import { engineFor } from '../../engine/guard.ts';
import { ONE_OF_EACH } from '../contracts/store-rows.ts';
import { ANA, awake, MINUTE, SECOND, World } from '../fakes/world.ts';

async function saved() {
  const w = new World();
  const running = await awake(w);
  running.machine.write('workspace/code.py', 'good');
  await running.engine.snapshot('lab', { description: 'the paper' }, ANA);
  await w.clock.advance(MINUTE);
  const [good] = (await running.engine.snapshots('lab')).filter(({ kind }) => kind === 'manual');
  return { w, ...running, good: good! };
}

test('a snapshot becomes a workspace of its own, which wakes with its files and goes its own way', async () => {
  const { w, engine, machine, good, stop } = await saved();
  await engine.configure('lab', { environment: { API_KEY: 'of-ana' } }, ANA);
  const { id } = await engine.clone('lab', good.id, { into: 'copy' }, ANA);
  await w.clock.advance(MINUTE);
  expect((await engine.operation(id)).outcome).toMatchObject({ ok: true, facts: { workspace: 'copy' } });
  const [view] = await engine.status('copy');
  expect(view).toMatchObject({ sight: 'asleep', workspace: { owner: 'ana', shares: [], sequence: 1 } });
  expect(view?.workspace.spec.environment).toEqual({ API_KEY: 'of-ana' });
  const [own] = await engine.snapshots('copy');
  expect(own).toMatchObject({ description: 'the paper', contentHash: good.contentHash, workspace: 'copy' });
  expect(own?.id).not.toBe(good.id);

  machine.write('workspace/code.py', 'changed since');
  await engine.wake('copy', {}, ANA);
  await w.clock.advance(3 * MINUTE);
  const [awakened] = await engine.status('copy');
  const other = w.marketplace.machines.get(awakened?.machine?.instance ?? '');
  expect(other?.files.get('workspace/code.py')?.content).toBe('good');
  await engine.hibernate('copy', {}, ANA);
  await w.clock.advance(10 * MINUTE);
  expect((await engine.status('copy'))[0]?.sight).toBe('asleep');
  await stop();
});

test('whoever does not own the original gets a key of its own, and nothing that is its owner’s', async () => {
  const { w, engine, good, stop } = await saved();
  const [environment, publicKeys] = [{ API_KEY: 'of-ana' }, ['ssh-ed25519 ana']];
  await engine.configure('lab', { environment, publicKeys, afterWake: 'make' }, ANA);
  await w.store.save('accounts', { ...ONE_OF_EACH.accounts, id: 'joao', version: 0 });
  await engine.share('lab', { with: 'joao', role: 'operator' }, ANA);
  for (const [name, role] of [
    ['joao', 'operator'],
    ['vera', 'admin'],
  ] as const) {
    const who = { name, role, workspaces: null, by: 'password' } as const;
    const theirs = engineFor(who, engine, w.store);
    const into = `of-${name}`;
    const { id } = await theirs.clone('lab', good.id, { into }, { by: name, key: `${name}-1` });
    await w.clock.advance(MINUTE);
    const { outcome } = await engine.operation(id);
    expect(outcome).toMatchObject({
      ok: true,
      say: expect.stringMatching(/It has a key of its own; the environment,/),
    });
    expect(wordsIn('pt').outcome(outcome!)).toBe(
      `${into} foi feito de ${good.id.slice(0, 8)}: ${good.fileCount} arquivos. Está dormindo. Tem uma chave própria; ` +
        'o ambiente, as chaves SSH e o comando após acordar não foram copiados.',
    );
    const again = await theirs.clone('lab', good.id, { into }, { by: name, key: `${name}-1` });
    expect(again.id, 'asked again').toBe(id);
    const [made] = await theirs.status(into);
    expect(made?.workspace).toMatchObject({ owner: name, shares: [] });
    expect(made?.workspace.spec).toMatchObject({ environment: {}, publicKeys: [], afterWake: null });
    expect(made?.workspace.sealedPassword).not.toBe((await w.store.read('workspaces', 'lab'))?.sealedPassword);
    expect([...w.storage.repository(into).values()]).toHaveLength(1);
    expect(await theirs.snapshots(into)).toMatchObject([{ extra: { cloned_from: `lab/${good.id}` } }]);
  }
  expect(w.told.filter(({ event }) => event === 'workspace.received')).toEqual([]);
  const joao = { name: 'joao', role: 'operator', workspaces: null, by: 'password' } as const;
  await engine.share('lab', { with: 'joao', role: null }, ANA);
  expect(await engineFor(joao, engine, w.store).snapshots('of-joao')).toHaveLength(1);
  await stop();
});

test('a key that an older engine promised to somebody else is not handed over', async () => {
  const { w, engine, good, stop } = await saved();
  await stop();
  const { id } = await engine.clone('lab', good.id, { into: 'copy' }, ANA);
  const asked = (await w.store.read('operations', id))!;
  await w.store.save('operations', { ...asked, by: 'joao' });
  const again = await w.start();
  await w.clock.advance(5 * MINUTE);
  expect((await again.engine.operation(id)).outcome).toMatchObject({ ok: false, code: 'forbidden' });
  expect(await w.storage.list('copy/')).toEqual([]);
  await again.stop();
});

test('an engine that was killed in between goes on, and makes one', async () => {
  const { w, engine, good, stop } = await saved();
  w.storage.down = 'nobody answers';
  const { id } = await engine.clone('lab', good.id, { into: 'copy' }, ANA);
  await w.clock.advance(SECOND);
  await stop();
  w.storage.down = null;
  const again = await w.start();
  await w.clock.advance(5 * MINUTE);
  expect((await again.engine.operation(id)).outcome?.ok).toBe(true);
  expect(await again.engine.snapshots('copy')).toHaveLength(1);
  await again.stop();
});

test('a name that is taken, or is none, and a snapshot that is not there are refused in words', async () => {
  const { w, engine, good, stop } = await saved();
  await expect(engine.clone('lab', good.id, { into: 'lab' }, ANA)).rejects.toMatchObject({ code: 'workspace_exists' });
  await expect(engine.clone('lab', good.id, { into: 'No Name' }, ANA)).rejects.toMatchObject({ code: 'bad_request' });
  await expect(engine.clone('lab', 'ffff', { into: 'copy' }, ANA)).rejects.toMatchObject({ code: 'no_such_snapshot' });
  const both = await Promise.all([1, 2].map(() => engine.clone('lab', good.id, { into: 'copy' }, ANA)));
  await w.clock.advance(5 * MINUTE);
  const ended = await Promise.all(both.map(async ({ id }) => (await engine.operation(id)).outcome?.ok));
  expect(ended.toSorted()).toEqual([false, true]);
  await stop();
});

test('a copy that differs is no workspace', async () => {
  const { w, engine, good, stop } = await saved();
  w.storage.rots = true;
  const { id } = await engine.clone('lab', good.id, { into: 'copy' }, ANA);
  await w.clock.advance(5 * MINUTE);
  expect((await engine.operation(id)).outcome).toMatchObject({ ok: false, code: 'proof_failed' });
  await expect(engine.status('copy')).rejects.toMatchObject({ code: 'no_such_workspace' });
  await stop();
});

test('what restic cannot make is tried a few times, said in the log, and given up; the name is free again', async () => {
  const { w, engine, good, stop } = await saved();
  const { dropUnused } = w.storage;
  let tries = 0;
  w.storage.dropUnused = async () => {
    tries += 1;
    throw new Failure('restore_failed', { why: 'a pack is not there' });
  };
  const { id } = await engine.clone('lab', good.id, { into: 'copy' }, ANA);
  await w.clock.advance(MINUTE);
  const { outcome } = await engine.operation(id);
  expect(outcome).toMatchObject({ ok: false, code: 'restore_failed', say: 'The restore failed: a pack is not there' });
  expect(tries).toBe(3);
  const lines = await engine.logs('lab', { limit: 100, least: 'WARNING' });
  expect(lines.filter(({ event }) => event === 'clone.failed').map(({ facts }) => facts.tries)).toEqual([3, 2, 1]);
  expect(await w.storage.list('copy/')).toEqual([]);
  await w.clock.advance(60 * MINUTE);
  expect(tries, 'it has ended').toBe(3);
  w.storage.dropUnused = dropUnused;
  const again = await engine.clone('lab', good.id, { into: 'copy' }, ANA);
  await w.clock.advance(MINUTE);
  expect((await engine.operation(again.id)).outcome?.ok).toBe(true);
  await stop();
});

test('storage that stays away ends it too, however often the engine starts meanwhile', async () => {
  const { w, engine, good, stop } = await saved();
  w.storage.down = 'nobody answers';
  const { id } = await engine.clone('lab', good.id, { into: 'copy' }, ANA);
  await w.clock.advance(5 * MINUTE);
  expect((await engine.operation(id)).endedAt).toBeNull();
  await stop();
  const again = await w.start();
  await w.clock.advance(60 * MINUTE);
  expect((await again.engine.operation(id)).outcome).toMatchObject({ ok: false, code: 'storage_down' });
  await again.stop();
});
