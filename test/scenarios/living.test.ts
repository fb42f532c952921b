import { expect, test } from 'vitest';
import { ANA, awake, MINUTE, SECOND, World } from '../fakes/world.ts';

test('what is written is in the catalogue after one interval, without anybody asking', async () => {
  const w = new World();
  const { machine, stop } = await awake(w);
  machine.write('workspace/train.py', 'print(1)');
  await w.clock.advance(6 * MINUTE);
  const automatic = (await w.store.list('snapshots')).filter(({ kind }) => kind === 'automatic');
  expect(automatic).toHaveLength(1);
  expect(automatic[0]).toMatchObject({ status: 'COMPLETED', partial: false });
  expect(machine.life?.taken, 'the agent still names what the catalogue has').toEqual([]);
  await stop();
});

test('a quiet workspace makes no backup', async () => {
  const w = new World();
  const { machine, stop } = await awake(w);
  machine.write('workspace/train.py', 'print(1)');
  await w.clock.advance(6 * MINUTE);
  const before = w.storage.repository('lab').size;
  await w.clock.advance(60 * MINUTE);
  expect(w.storage.repository('lab').size).toBe(before);
  await stop();
});

test('a machine that vanishes costs one interval: the next one wakes with the last backup', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  machine.write('workspace/a.txt', 'kept');
  await w.clock.advance(6 * MINUTE);
  machine.write('workspace/b.txt', 'not yet');
  w.marketplace.take(machine.instance);
  await w.clock.advance(10 * MINUTE);
  const [view] = await engine.status('lab');
  const next = w.marketplace.machines.get(view?.machine?.instance ?? '');
  expect(view?.sight).toBe('awake');
  expect(next?.instance).not.toBe(machine.instance);
  expect([...(next?.files.keys() ?? [])]).toEqual(['workspace/a.txt']);
  await stop();
});

test('a backup that was made while the engine was down is entered when it is back', async () => {
  const w = new World();
  const { machine, stop } = await awake(w);
  await stop();
  machine.write('workspace/a.txt', 'while nobody listened');
  await w.clock.advance(20 * MINUTE);
  const again = await w.start();
  await w.clock.advance(MINUTE);
  const snapshots = await w.store.list('snapshots');
  expect(snapshots.map(({ status }) => status)).toEqual(['COMPLETED']);
  await again.stop();
});

test('a backup that is not what it was said to be is kept as failed and never woken from', async () => {
  const w = new World();
  const { machine, stop } = await awake(w);
  machine.write('workspace/a.txt', 'one');
  w.storage.onKeep = (workspace, { id }) => {
    w.storage.repository(workspace).delete(id);
  };
  await w.clock.advance(6 * MINUTE);
  w.storage.onKeep = () => undefined;
  const [snapshot] = await w.store.list('snapshots');
  expect(snapshot).toMatchObject({
    status: 'FAILED',
    provedAt: null,
    errorMessage: expect.stringMatching(/not in storage/),
  });
  expect(machine.life?.taken).toEqual([]);
  await stop();
});

test('a snapshot somebody asks for stays newer than a backup whose number was given out before', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  machine.write('workspace/a.txt', 'one');
  await w.clock.advance(2 * MINUTE);
  await engine.snapshot('lab', { description: 'by hand' }, ANA);
  await w.clock.advance(30 * SECOND);
  machine.write('workspace/b.txt', 'two');
  await w.clock.advance(10 * MINUTE);
  const all = (await w.store.list('snapshots')).toSorted((a, b) => a.sequence - b.sequence);
  expect(all[0]?.kind).toBe('manual');
  expect(new Set(all.slice(1).map(({ kind }) => kind))).toEqual(new Set(['automatic']));
  await stop();
});

test('backups that fail are told at the third in a row, once, and again when they work', async () => {
  const w = new World();
  const { machine, stop } = await awake(w);
  w.storage.down = 'no route';
  machine.write('workspace/a.txt', 'one');
  await w.clock.advance(40 * MINUTE);
  const failing = () => w.told.filter((talk) => talk.event === 'backup.failing');
  expect(failing()).toHaveLength(1);
  w.storage.down = null;
  await w.clock.advance(10 * MINUTE);
  expect(failing()).toMatchObject([{ failures: 3 }, { failures: 0 }]);
  await stop();
});

test('the view says what the machine says of itself, and nothing when it is silent', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  const [view] = await engine.status('lab');
  expect(view?.pulse).toMatchObject({ idle: { sleep: false }, backup: { everyMs: 5 * MINUTE } });
  machine.unreachable = true;
  await w.clock.advance(2 * MINUTE);
  const [silent] = await engine.status('lab');
  expect(silent?.pulse).toBe(null);
  await stop();
});

test('of the automatic backups one is read back and compared now and then, not each of them', async () => {
  const w = new World();
  const { machine, stop } = await awake(w);
  for (let i = 1; i <= 4; i += 1) {
    machine.write('workspace/a.txt', `version ${i}`);
    await w.clock.advance(5 * MINUTE);
  }
  const all = (await w.store.list('snapshots')).toSorted((a, b) => a.sequence - b.sequence);
  expect(all.map(({ comparedAt }) => comparedAt !== null)).toEqual([true, false, false, true]);
  await stop();
});

test('a backup that nobody was told of is not lost with its machine', async () => {
  const w = new World();
  const { machine, stop } = await awake(w);
  await stop();
  machine.write('workspace/a.txt', 'while nobody listened');
  await w.clock.advance(20 * MINUTE);
  w.marketplace.take(machine.instance);
  const again = await w.start();
  await w.clock.advance(10 * MINUTE);
  const [view] = await again.engine.status('lab');
  const next = w.marketplace.machines.get(view?.machine?.instance ?? '');
  expect(next?.files.get('workspace/a.txt')?.content).toBe('while nobody listened');
  await again.stop();
});

test('a file that cannot be read takes nothing from the others: what a machine lost later was newest', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  machine.write('workspace/a.txt', 'this morning');
  await w.clock.advance(6 * MINUTE);
  machine.atRisk = [{ kind: 'unreadable', path: 'workspace/socket', sizeBytes: 0, why: 'input/output error' }];
  machine.write('workspace/a.txt', 'this evening');
  await w.clock.advance(6 * MINUTE);
  w.marketplace.take(machine.instance);
  await w.clock.advance(10 * MINUTE);
  const [view] = await engine.status('lab');
  const next = w.marketplace.machines.get(view?.machine?.instance ?? '');
  expect(next?.files.get('workspace/a.txt')?.content).toBe('this evening');
  expect((await engine.snapshots('lab')).map(({ errorMessage }) => errorMessage)).toContain(
    'one file could not be read',
  );
  await stop();
});
