import { expect, test } from 'vitest';
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
  const { id } = await engine.clone('lab', good.id, { into: 'copy' }, { by: 'otto', key: null });
  await w.clock.advance(MINUTE);
  expect((await engine.operation(id)).outcome).toMatchObject({ ok: true, facts: { workspace: 'copy' } });
  const [view] = await engine.status('copy');
  expect(view).toMatchObject({ sight: 'asleep', workspace: { owner: 'otto', shares: [], sequence: 1 } });
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
