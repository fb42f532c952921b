import { expect, test } from 'vitest';
import { Failure } from '../../engine/domain/failures.ts';
import { ANA, awake, MINUTE, SECOND, World } from '../fakes/world.ts';

test('what was asked right before a crash is done by the next engine', async () => {
  const w = new World();
  const one = await w.start();
  await one.engine.create('lab', {}, ANA);
  const save = w.store.save.bind(w.store);
  w.store.save = async (kind, row) => {
    if (kind === 'workspaces') throw new Failure('disk_full', { what: 'the store', why: 'the engine died here' });
    return await save(kind, row);
  };
  const asked = { by: 'ana', key: 'click' };
  await expect(one.engine.wake('lab', {}, asked)).rejects.toThrow();
  await one.stop();
  w.store.save = save;
  const two = await w.start();
  const operation = await two.engine.wake('lab', {}, asked);
  await w.clock.advance(3 * MINUTE);
  expect((await two.engine.operation(operation.id)).outcome).toMatchObject({ ok: true });
  expect((await two.engine.status('lab'))[0]?.sight).toBe('awake');
  await two.stop();
});

test('an ask that is still being written down is not taken for one that another replaced', async () => {
  const w = new World();
  const { engine, stop } = await w.start();
  await engine.create('lab', {}, ANA);
  slowDown(w, 'wake', MINUTE);
  const waking = engine.wake('lab', {}, ANA);
  await w.clock.advance(4 * MINUTE);
  expect((await engine.operation((await waking).id)).outcome).toMatchObject({ ok: true });
  await stop();
});

test('the later of two asks wins, also when the earlier one is written down last', async () => {
  const w = new World();
  const { engine, stop } = await w.start();
  await engine.create('lab', {}, ANA);
  slowDown(w, 'wake', 20 * SECOND);
  const waking = engine.wake('lab', {}, ANA);
  await w.clock.advance(SECOND);
  const sleep = await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(4 * MINUTE);
  expect((await engine.operation((await waking).id)).outcome).toMatchObject({ ok: false });
  expect((await engine.operation(sleep.id)).outcome).toMatchObject({ ok: true });
  expect(w.rented).toEqual([]);
  await stop();
});

test('a snapshot that can no longer be taken ends with a word why', async () => {
  const w = new World();
  const { engine, stop } = await awake(w);
  const [operation] = await Promise.all([
    engine.snapshot('lab', { description: 'too late' }, ANA),
    engine.hibernate('lab', {}, ANA),
  ]);
  await w.clock.advance(5 * MINUTE);
  expect((await engine.operation(operation.id)).outcome).toMatchObject({ ok: false, code: 'no_such_machine' });
  expect((await w.store.read('workspaces', 'lab'))?.asks).toEqual([]);
  await stop();
});

test('an ask that is written down after its end is not taken', async () => {
  const w = new World();
  const { engine, stop } = await awake(w);
  const operation = await engine.snapshot('lab', { description: '' }, ANA);
  const [ask] = (await w.store.read('workspaces', 'lab'))?.asks ?? [];
  await w.clock.advance(2 * MINUTE);
  await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(2 * MINUTE);
  const row = await w.store.read('workspaces', 'lab');
  if (row && ask) await w.store.save('workspaces', { ...row, asks: [ask] }); // by an engine that stood still meanwhile
  await w.clock.advance(2 * MINUTE);
  expect((await w.store.read('workspaces', 'lab'))?.asks).toEqual([]);
  expect((await engine.operation(operation.id)).outcome).toMatchObject({ ok: true });
  await stop();
});

test('a note whose answer was lost does not keep a machine from what is asked of it', async () => {
  const w = new World();
  const save = w.store.save.bind(w.store);
  let lost = 0;
  w.store.save = async (kind, row) => {
    const saved = await save(kind, row);
    if (kind === 'machines' && 'complete' in row && row.complete && row.state === 'running' && lost++ === 0)
      throw new Failure('disk_full', { what: 'the store', why: 'it was written all the same' });
    return saved;
  };
  const { engine, stop } = await awake(w);
  const operation = await engine.snapshot('lab', { description: '' }, ANA);
  await w.clock.advance(2 * MINUTE);
  expect(lost).toBeGreaterThan(0);
  expect((await engine.operation(operation.id)).outcome).toMatchObject({ ok: true });
  await stop();
});

/** The audit journal takes long to write this verb. */
function slowDown(w: World, verb: string, ms: number): void {
  const append = w.journals.append.bind(w.journals);
  w.journals.append = async (journal, entry) => {
    if ('verb' in entry && entry.verb === verb) await w.clock.sleep(ms, new AbortController().signal);
    return await append(journal, entry);
  };
}

test('a directory that can never be backed up is refused when the workspace is described', async () => {
  const w = new World();
  const { engine, stop } = await w.start();
  for (const path of ['/proc/1', 'sys', '../etc', '/']) {
    await expect(engine.create('lab', { include: [path] }, ANA), path).rejects.toMatchObject({ code: 'bad_path' });
  }
  await engine.create('lab', { include: ['/srv/models'] }, ANA);
  await stop();
});

test('a directory that is in no backup is refused by its name, and what a person says of a snapshot is kept', async () => {
  const w = new World();
  const { engine, stop } = await awake(w);
  await expect(engine.snapshot('lab', { description: '', holds: 'srv/models' }, ANA)).rejects.toMatchObject({
    code: 'bad_path',
    facts: { path: '/srv/models', why: expect.stringContaining('/workspace') },
  });
  await engine.configure('lab', { include: ['srv'] }, ANA);
  const how = { description: 'x', tags: ['t'], extra: { ticket: '42' }, type: 'FULL', holds: 'srv/models' } as const;
  const { id } = await engine.snapshot('lab', how, ANA);
  await w.clock.advance(2 * MINUTE);
  expect((await engine.operation(id)).outcome?.ok).toBe(true);
  const [taken] = (await engine.snapshots('lab')).filter(({ kind }) => kind === 'manual');
  expect(taken).toMatchObject({ type: 'FULL', description: 'x', tags: ['t'], extra: { ticket: '42' } });
  await stop();
});

test('a key that comes again with another wish is refused, also by an engine that started since', async () => {
  const w = new World();
  const { engine, stop } = await awake(w);
  const asked = { by: 'ana', key: 'k1' };
  const first = await engine.snapshot('lab', { description: 'A' }, asked);
  await stop();
  const again = await w.start();
  expect((await again.engine.snapshot('lab', { description: 'A' }, asked)).id).toBe(first.id);
  await expect(again.engine.snapshot('lab', { description: 'B' }, asked)).rejects.toMatchObject({ code: 'key_reused' });
  await expect(again.engine.hibernate('lab', {}, asked)).rejects.toMatchObject({ code: 'key_reused' });
  await again.stop();
});
