import { expect, test } from 'vitest';
import { ANA, awake, MINUTE, SECOND, World } from '../fakes/world.ts';

test('a backup that cannot be made keeps the machine, says what it costs, and is tried again', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  machine.write('workspace/a', 'one');
  w.storage.down = 'out of order';
  const sleep = await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(20 * MINUTE);
  expect(w.rented).toHaveLength(1);
  expect((await engine.operation(sleep.id)).endedAt, 'still trying').toBeNull();
  const told = w.told.filter((talk) => talk.event === 'save.failed');
  expect(told.length).toBeGreaterThan(2);
  expect(told[0]).toMatchObject({ dollarsPerHour: expect.any(Number), why: expect.stringContaining('out of order') });
  expect(machine.frozen, 'people work on meanwhile').toBe(false);
  w.storage.down = null;
  await w.clock.advance(30 * MINUTE);
  expect((await engine.operation(sleep.id)).outcome).toMatchObject({ ok: true });
  expect(w.rented).toEqual([]);
  await stop();
});

test('nothing is destroyed when storage gives back other bytes than the machine holds', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  machine.write('workspace/a', 'one');
  w.storage.rots = true;
  await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(10 * MINUTE);
  expect(w.rented).toEqual([machine.instance]);
  expect((await engine.snapshots('lab')).filter((snapshot) => snapshot.provedAt !== null)).toEqual([]);
  await stop();
});

test('while the last backup is proved nobody can write, and afterwards the machine ends', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  machine.write('workspace/a', 'one');
  await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(3 * SECOND);
  expect(machine.frozen).toBe(true);
  expect(machine.write('workspace/a', 'too late')).toBe(false);
  await w.clock.advance(10 * MINUTE);
  expect(machine.destroyed).toBe(true);
  await stop();
});

test('what a backup leaves out holds the machine until a person agrees, once', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  machine.write('workspace/a', 'one');
  machine.atRisk = [{ kind: 'over-cap', path: 'workspace/huge.bin', sizeBytes: 2e10, why: '20 GB is over the cap' }];
  const asked = await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(5 * MINUTE);
  expect((await engine.operation(asked.id)).outcome).toMatchObject({ ok: false, code: 'work_at_risk' });
  expect((await engine.status('lab'))[0]?.sight).toBe('awake');
  const other = { ...machine.atRisk[0]!, path: 'workspace/also.bin' };
  machine.atRisk = [...machine.atRisk, other];
  const some = await engine.hibernate('lab', { agreedToLose: ['workspace/huge.bin'] }, ANA);
  await w.clock.advance(5 * MINUTE);
  expect((await engine.operation(some.id)).outcome, 'nobody agreed to lose the other one').toMatchObject({
    code: 'work_at_risk',
    facts: { why: expect.stringMatching(/^not in the backup: workspace\/also.bin \(/) },
  });
  const agreed = await engine.hibernate('lab', { agreedToLose: machine.atRisk.map(({ path }) => path) }, ANA);
  await w.clock.advance(5 * MINUTE);
  expect((await engine.operation(agreed.id)).outcome).toMatchObject({ ok: true });
  expect(w.rented).toEqual([]);
  await stop();
});

test('what was saved after a person agreed to lose a folder that cannot be read is what the next wake brings', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  machine.write('workspace/a', 'one');
  await engine.snapshot('lab', { description: '' }, ANA);
  await w.clock.advance(MINUTE);
  machine.write('workspace/a', 'two');
  machine.atRisk = [{ kind: 'unlisted', path: 'workspace/secret', sizeBytes: 0, why: 'permission denied' }];
  await engine.hibernate('lab', { agreedToLose: ['workspace/secret'] }, ANA);
  await w.clock.advance(5 * MINUTE);
  expect(w.rented).toEqual([]);
  await engine.wake('lab', {}, ANA);
  await w.clock.advance(MINUTE);
  const [view] = await engine.status('lab');
  expect(w.marketplace.machines.get(view?.machine?.instance ?? '')?.files.get('workspace/a')?.content).toBe('two');
  await stop();
});

test('a machine that was given work and says that it holds none is not believed', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  machine.write('workspace/a', 'one');
  machine.claim = null; // its disk was made new, or somebody tidied up
  const asked = await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(20 * MINUTE);
  expect(w.rented).toEqual([machine.instance]);
  expect((await engine.operation(asked.id)).endedAt).toBeNull();
  expect(w.told.filter(({ event }) => event === 'save.failed')[0]).toMatchObject({
    why: expect.stringContaining('says that it holds no work'),
  });
  await engine.abandon('lab', { why: 'nothing is left on it' }, ANA);
  await w.clock.advance(10 * MINUTE);
  expect(w.rented).toEqual([]);
  await stop();
});

test('who wants it awake again while it is saved keeps the machine, and nobody stays stopped', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  machine.write('workspace/a', 'one');
  await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(2 * SECOND);
  await engine.wake('lab', {}, ANA);
  await w.clock.advance(5 * MINUTE);
  expect((await engine.status('lab'))[0]?.sight).toBe('awake');
  expect(machine.frozen).toBe(false);
  expect(w.rented).toEqual([machine.instance]);
  await stop();
});

test("abandoning is a named person's decision, and then the machine ends unsaved", async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  machine.write('workspace/a', 'one');
  w.storage.down = 'gone for good';
  await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(5 * MINUTE);
  expect(w.rented).toHaveLength(1);
  const gaveUp = await engine.abandon('lab', { why: 'the disk is broken' }, ANA);
  await w.clock.advance(10 * MINUTE);
  expect((await engine.operation(gaveUp.id)).outcome).toMatchObject({ ok: true });
  expect(w.rented).toEqual([]);
  const rows = await w.store.list('machines');
  expect(rows.find((row) => row.instance === machine.instance)?.abandoned).toMatchObject({
    by: 'ana',
    why: 'the disk is broken',
  });
  await stop();
});

test('a snapshot can be asked for while people work, and a wake can start from it', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  machine.write('workspace/a', 'one');
  const asked = await engine.snapshot('lab', { description: 'before the experiment' }, ANA);
  await w.clock.advance(2 * MINUTE);
  expect((await engine.operation(asked.id)).outcome).toMatchObject({ ok: true });
  const [named] = await engine.snapshots('lab');
  expect(named).toMatchObject({ kind: 'manual', type: 'SNAPSHOT', description: 'before the experiment' });
  machine.write('workspace/a', 'two');
  await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(5 * MINUTE);
  await engine.wake('lab', { snapshot: named?.id.slice(0, 8), setAside: true }, ANA);
  await w.clock.advance(2 * MINUTE);
  const [view] = await engine.status('lab');
  expect(w.marketplace.machines.get(view?.machine?.instance ?? '')?.files.get('workspace/a')?.content).toBe('one');
  await stop();
});

test('the same click twice is one operation', async () => {
  const w = new World();
  const { engine, stop } = await w.start();
  await engine.create('lab', {}, ANA);
  const click = { by: 'ana', key: 'interaction-7' };
  const [one, two] = await Promise.all([engine.wake('lab', {}, click), engine.wake('lab', {}, click)]);
  await w.clock.advance(MINUTE);
  const three = await engine.wake('lab', {}, click);
  expect([two.id, three.id]).toEqual([one.id, one.id]);
  expect(await w.store.list('races')).toHaveLength(1);
  await expect(engine.hibernate('lab', {}, click)).rejects.toThrow('was used before');
  await stop();
});

test('a backup that fails at once is not tried without end because a clock was set back', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  machine.saving = true; // some other backup runs on and on
  await engine.hibernate('lab', {}, ANA);
  const row = await w.store.read('workspaces', 'lab');
  if (row) await w.store.save('workspaces', { ...row, wish: { ...row.wish, at: w.clock.now() + 5 } });
  await w.clock.advance(SECOND);
  expect(w.told.filter((talk) => talk.event === 'save.failed').length).toBeLessThan(5);
  machine.saving = false;
  await w.clock.advance(5 * MINUTE);
  expect(w.rented).toEqual([]);
  await stop();
});

test('an agent that dies after the proof let everybody go on, so the machine stays and is saved again', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  machine.write('workspace/a', 'one');
  machine.agentDies = true;
  await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(30 * SECOND);
  expect(machine.destroyed).toBe(false);
  expect(machine.write('workspace/a', 'written after the proof'), 'nobody stands still').toBe(true);
  machine.agentDies = false;
  await w.clock.advance(10 * MINUTE);
  expect(machine.destroyed).toBe(true);
  await engine.wake('lab', {}, ANA);
  await w.clock.advance(3 * MINUTE);
  const [view] = await engine.status('lab');
  expect(w.marketplace.machines.get(view?.machine?.instance ?? '')?.files.get('workspace/a')?.content).toBe(
    'written after the proof',
  );
  await stop();
});
