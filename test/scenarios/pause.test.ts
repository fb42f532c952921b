import { expect, test } from 'vitest';
import { Failure } from '../../engine/domain/failures.ts';
import type { FakeMachine } from '../fakes/machine.ts';
import { PROMPT } from '../fakes/machine.ts';
import { ANA, awake, MINUTE, type RunningEngine, SECOND, World } from '../fakes/world.ts';

test('a pause whose end was not written down is found out, and the machine wakes again', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  machine.write('workspace/a', 'one');
  const save = w.store.save.bind(w.store);
  let stopped = false;
  w.store.save = async (kind, row) => {
    if (kind === 'machines' && 'state' in row && row.state === 'paused' && !stopped) {
      stopped = machine.stopped;
      throw new Failure('disk_full', { what: 'the store', why: 'the engine was killed right here' });
    }
    return await save(kind, row);
  };
  await pause(w);
  await w.clock.advance(10 * SECOND);
  expect(stopped).toBe(true);
  await engine.wake('lab', {}, ANA);
  await w.clock.advance(10 * MINUTE);
  expect((await engine.status('lab'))[0]?.sight).toBe('awake');
  expect(w.rented).toEqual([machine.instance]);
  expect(machine.files.get('workspace/a')?.content).toBe('one');
  await stop();
});

test('what somebody does on a machine that was started again is saved too, when it does not come up', async () => {
  const w = new World();
  const { engine, machine, stop } = await paused(w);
  w.marketplace.manners = () => ({ ...PROMPT, gpuDead: true });
  await engine.wake('lab', {}, ANA);
  await w.clock.advance(9 * SECOND);
  w.marketplace.manners = () => PROMPT;
  await w.clock.advance(SECOND);
  expect(machine.write('workspace/a', 'through a terminal that was still open')).toBe(true);
  await w.clock.advance(10 * MINUTE);
  expect(machine.destroyed).toBe(true);
  const kept = [...w.storage.repository('lab').values()].map(({ files }) => files.get('workspace/a')?.content);
  expect(kept).toContain('through a terminal that was still open');
  await stop();
});

test('one that was started again and never answers costs its GPU for minutes, and is tried again ever more rarely', async () => {
  const w = new World();
  const { engine, machine, stop } = await paused(w);
  const never = { ...PROMPT, sshAfterMs: Number.POSITIVE_INFINITY };
  let starts = 0;
  w.marketplace.manners = ({ id }) => {
    if (id !== machine.offer.id) return PROMPT;
    starts += 1;
    return never;
  };
  await engine.wake('lab', {}, ANA);
  await w.clock.advance(15 * MINUTE);
  expect((await engine.status('lab'))[0]?.sight).toBe('awake');
  expect([machine.destroyed, machine.stopped, starts]).toEqual([false, true, 1]);
  await w.clock.advance(50 * MINUTE);
  expect([machine.stopped, starts]).toEqual([false, 2]);
  await w.clock.advance(35 * MINUTE);
  expect([machine.stopped, starts]).toEqual([true, 2]);
  await w.clock.advance(5 * 60 * MINUTE);
  expect([machine.stopped, starts]).toEqual([true, 2]);
  w.marketplace.manners = () => PROMPT;
  await w.clock.advance(2 * 60 * MINUTE);
  expect(machine.destroyed, 'it answered at last, and was saved').toBe(true);
  await stop();
});

test('what lies on a machine that was started again is not fetched once more', async () => {
  const w = new World();
  const { engine, machine, stop } = await paused(w);
  w.marketplace.manners = () => ({ ...PROMPT, usableMs: 10 * MINUTE });
  await engine.wake('lab', {}, ANA);
  await w.clock.advance(MINUTE);
  expect((await engine.status('lab'))[0]?.sight).toBe('awake');
  expect(w.rented).toEqual([machine.instance]);
  expect(machine.files.get('workspace/a')?.content).toBe('one');
  await stop();
});

test('a paused machine that its host took away does not keep the workspace asleep', async () => {
  const w = new World();
  const { engine, machine, stop } = await paused(w);
  w.marketplace.take(machine.instance);
  await engine.wake('lab', {}, ANA);
  await w.clock.advance(10 * MINUTE);
  const [view] = await engine.status('lab');
  expect(view?.sight).toBe('awake');
  expect(w.marketplace.machines.get(view?.machine?.instance ?? '')?.files.get('workspace/a')?.content).toBe('one');
  await stop();
});

test('nobody hears that it is asleep while a machine still waits to be saved', async () => {
  const w = new World();
  const { engine, machine, stop } = await paused(w);
  w.marketplace.manners = () => ({ ...PROMPT, gpuDead: true });
  const read = w.store.read.bind(w.store);
  w.store.read = async (kind, id) => {
    if (kind === 'bills') throw new Failure('disk_full', { what: 'the store', why: 'it cannot be adopted yet' });
    return await read(kind, id);
  };
  await engine.wake('lab', {}, ANA);
  await w.clock.advance(MINUTE);
  const sleep = await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(2 * MINUTE);
  expect(machine.usable && !machine.frozen, 'somebody can still work').toBe(true);
  expect((await engine.operation(sleep.id)).outcome).toBeNull();
  w.store.read = read;
  await w.clock.advance(10 * MINUTE);
  expect((await engine.operation(sleep.id)).outcome).toMatchObject({ ok: true });
  expect(w.rented).toEqual([]);
  await stop();
});

async function paused(w: World): Promise<RunningEngine & { machine: FakeMachine }> {
  const running = await awake(w);
  running.machine.write('workspace/a', 'one');
  await pause(w);
  await w.clock.advance(5 * MINUTE);
  expect((await running.engine.status('lab'))[0]?.sight).toBe('paused');
  return running;
}

/** No verb pauses yet, so the wish is written as one will write it. */
async function pause(w: World): Promise<void> {
  const row = await w.store.read('workspaces', 'lab');
  if (row) await w.store.save('workspaces', { ...row, wish: { ...row.wish, want: 'paused', at: w.clock.now() } });
  await w.clock.advance(31 * SECOND);
}

test('a person pauses and wakes again: one machine, its work saved and proved before it stood still', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  machine.write('workspace/a', 'one');
  const asked = await engine.pause('lab', ANA);
  await w.clock.advance(2 * MINUTE);
  const [snapshot] = await engine.snapshots('lab');
  expect((await engine.operation(asked.id)).outcome).toMatchObject({ ok: true, facts: { snapshot: snapshot?.id } });
  expect([machine.stopped, (await engine.status('lab'))[0]?.sight]).toEqual([true, 'paused']);
  const again = await engine.wake('lab', {}, ANA);
  await w.clock.advance(5 * MINUTE);
  expect((await engine.operation(again.id)).outcome).toMatchObject({ ok: true });
  expect(w.rented).toEqual([machine.instance]);
  await stop();
});

test('where nothing can be paused, or nothing runs, that is said and nothing is done', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  Object.defineProperty(w.marketplace, 'pauses', { value: false });
  await expect(engine.pause('lab', ANA)).rejects.toMatchObject({ code: 'cannot_pause' });
  expect(machine.stopped).toBe(false);
  await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(5 * MINUTE);
  await expect(engine.pause('lab', ANA)).rejects.toMatchObject({ code: 'no_such_machine' });
  await stop();
});

test('after half an hour a machine that stands still is let go, and its work is woken elsewhere', async () => {
  const w = new World();
  const { engine, machine, stop } = await paused(w);
  await w.clock.advance(24 * MINUTE);
  expect(machine.destroyed).toBe(false);
  await w.clock.advance(10 * MINUTE);
  expect([machine.destroyed, (await engine.status('lab'))[0]?.sight]).toEqual([true, 'asleep']);
  expect(w.rented).toEqual([]);
  await engine.wake('lab', {}, ANA);
  await w.clock.advance(5 * MINUTE);
  const [view] = await engine.status('lab');
  expect(w.marketplace.machines.get(view?.machine?.instance ?? '')?.files.get('workspace/a')?.content).toBe('one');
  await stop();
});

test('when its GPU went to somebody else that is said, and it wakes elsewhere with all of its work', async () => {
  const w = new World();
  const { engine, machine, stop } = await paused(w);
  w.marketplace.start = async () => {
    throw new Failure('gpu_taken', { marketplace: 'fake', why: 'there are not enough free GPUs on the host machine' });
  };
  await engine.wake('lab', {}, ANA);
  await w.clock.advance(5 * MINUTE);
  const [view] = await engine.status('lab');
  expect(view?.sight).toBe('awake');
  expect(w.marketplace.machines.get(view?.machine?.instance ?? '')?.files.get('workspace/a')?.content).toBe('one');
  expect(machine.destroyed).toBe(true);
  const row = (await w.store.list('machines')).find(({ instance }) => instance === machine.instance);
  expect(row?.why).toContain('Its GPU went to somebody else');
  await stop();
});

test('a marketplace that wants to be asked later keeps nobody from their machine', async () => {
  const w = new World();
  const { engine, machine, stop } = await paused(w);
  const start = w.marketplace.start.bind(w.marketplace);
  w.marketplace.start = async () => {
    throw new Failure('marketplace_busy', { marketplace: 'fake', why: 'too many requests at once' });
  };
  await engine.wake('lab', {}, ANA);
  await w.clock.advance(2 * MINUTE);
  expect((await engine.status('lab'))[0]?.machine?.state).toBe('paused');
  w.marketplace.start = start;
  await w.clock.advance(3 * MINUTE);
  expect([(await engine.status('lab'))[0]?.sight, w.rented]).toEqual(['awake', [machine.instance]]);
  await stop();
});

test('one whose GPU is gone is let go as well when it had to be asked for twice', async () => {
  const w = new World();
  const { engine, machine, stop } = await paused(w);
  let asked = 0;
  w.marketplace.start = async () => {
    asked += 1;
    if (asked === 1) throw new Failure('marketplace_busy', { marketplace: 'fake', why: 'too many requests at once' });
    throw new Failure('gpu_taken', { marketplace: 'fake', why: 'there are not enough free GPUs on the host machine' });
  };
  await engine.wake('lab', {}, ANA);
  await w.clock.advance(6 * MINUTE);
  const [view] = await engine.status('lab');
  expect(w.rented).toEqual([view?.machine?.instance]);
  expect([asked, machine.destroyed, view?.sight]).toEqual([2, true, 'awake']);
  await stop();
});

test('started again long after it was made, it fetches its tools under new addresses', async () => {
  const w = new World();
  const { engine, machine, stop } = await paused(w);
  machine.toolsFail = true;
  await engine.wake('lab', {}, ANA);
  await w.clock.advance(2 * MINUTE);
  expect((await engine.status('lab'))[0]?.sight).toBe('awake');
  expect(w.rented).toEqual([machine.instance]);
  await stop();
});

test('one that does not come up when it is started again is not waited for, and is saved once it answers', async () => {
  const w = new World();
  const { engine, machine, stop } = await paused(w);
  const late = { ...PROMPT, loadingMs: 8 * MINUTE, sshAfterMs: 8 * MINUTE };
  w.marketplace.manners = ({ id }) => (id === machine.offer.id ? late : PROMPT);
  const asked = await engine.wake('lab', {}, ANA);
  await w.clock.advance(4 * MINUTE);
  expect((await engine.operation(asked.id)).outcome).toMatchObject({ ok: true });
  const [view] = await engine.status('lab');
  expect(view?.sight).toBe('awake');
  const other = w.marketplace.machines.get(view?.machine?.instance ?? '');
  expect(other?.instance).not.toBe(machine.instance);
  expect(other?.files.get('workspace/a')?.content).toBe('one');
  expect(machine.destroyed, 'somebody may have worked on it since it was started').toBe(false);
  await w.clock.advance(40 * MINUTE);
  expect(machine.destroyed).toBe(true);
  expect(w.rented).toEqual([other?.instance]);
  await stop();
});
