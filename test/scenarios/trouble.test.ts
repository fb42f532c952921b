import { expect, test } from 'vitest';
import { Failure } from '../../engine/domain/failures.ts';
import { labelOf } from '../../engine/domain/layout.ts';
import { PROMPT } from '../fakes/machine.ts';
import { ANA, awake, MINUTE, SECOND, World } from '../fakes/world.ts';

test('a machine that vanishes is stranded, and goes on when it comes back', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  machine.write('workspace/a', 'one');
  machine.unreachable = true;
  await w.clock.advance(5 * MINUTE);
  expect((await engine.status('lab'))[0]?.sight).toBe('stranded');
  expect(w.rented, 'it is listed, so it is not given up').toHaveLength(1);
  machine.unreachable = false;
  await w.clock.advance(2 * MINUTE);
  expect((await engine.status('lab'))[0]?.sight).toBe('awake');
  await stop();
});

test('a machine that no list has any more is lost, people are told, and the workspace wakes elsewhere from its newest snapshot', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  machine.write('workspace/a', 'one');
  await engine.snapshot('lab', { description: '' }, ANA);
  await w.clock.advance(2 * MINUTE);
  machine.write('workspace/a', 'lost with the host');
  w.marketplace.vanish(machine.instance);
  await w.clock.advance(10 * MINUTE);
  expect(w.told.find((talk) => talk.event === 'machine.lost')).toMatchObject({ lastProvedAt: expect.any(Number) });
  const [view] = await engine.status('lab');
  expect(view?.sight).toBe('awake');
  expect(w.marketplace.machines.get(view?.machine?.instance ?? '')?.files.get('workspace/a')?.content).toBe('one');
  await stop();
});

test('a lost machine that comes back is adopted, saved as pre-failover, and only then released', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  machine.write('workspace/a', 'only here');
  w.marketplace.vanish(machine.instance);
  await w.clock.advance(10 * MINUTE);
  w.marketplace.comeBack(machine.instance);
  await w.clock.advance(20 * MINUTE);
  expect(machine.destroyed).toBe(true);
  const late = (await engine.snapshots('lab')).find((snapshot) => snapshot.kind === 'pre-failover');
  expect(late?.provedAt).not.toBeNull();
  expect(
    w.storage
      .repository('lab')
      .get(late?.id ?? '')
      ?.files.get('workspace/a')?.content,
  ).toBe('only here');
  expect((await engine.status('lab'))[0]?.newest?.id, 'never newest').not.toBe(late?.id);
  await stop();
});

test('when the winner fails before anybody could work on it, the runner-up takes over under a new epoch', async () => {
  const w = new World();
  w.marketplace.queue.push({ ...PROMPT, sshAfterMs: 9_000, usableMs: 3_600_000 });
  const { engine, stop } = await w.start();
  const created = await engine.create('lab', {}, ANA);
  await engine.wake('lab', {}, ANA);
  await w.clock.advance(5 * MINUTE);
  const [view] = await engine.status('lab');
  expect(view?.sight).toBe('awake');
  expect(view?.machine).toMatchObject({ epoch: created.epoch + 2 });
  await w.clock.advance(5 * MINUTE);
  expect(w.rented).toHaveLength(1);
  await stop();
});

test('a machine whose GPU does not initialise never wins', async () => {
  const w = new World();
  w.marketplace.queue.push({ ...PROMPT, sshAfterMs: 5_000, loadingMs: 5_000, gpuDead: true });
  const { engine, stop } = await w.start();
  await engine.create('lab', {}, ANA);
  await engine.wake('lab', {}, ANA);
  await w.clock.advance(MINUTE);
  const [view] = await engine.status('lab');
  expect(view?.machine?.instance).not.toBe('i1');
  const rows = await w.store.list('machines');
  expect(rows.find((row) => row.instance === 'i1')?.entered.releasing).toBeDefined();
  await stop();
});

test('a machine of ours that no record knows is adopted, and released after it was looked at', async () => {
  const w = new World();
  const label = labelOf('test', 'm99', 'lab');
  const instance = await w.marketplace.rent(
    (await w.marketplace.offers({}))[0]!,
    { label } as never,
    async () => undefined,
  );
  const { stop } = await w.start();
  await w.clock.advance(15 * MINUTE);
  expect(w.told.some((talk) => talk.event === 'machine.adopted')).toBe(true);
  expect(w.marketplace.machines.get(instance)?.destroyed).toBe(true);
  await stop();
});

test('machines of others are never touched', async () => {
  const w = new World();
  const [a, b] = await w.marketplace.offers({});
  const foreign = [
    await w.marketplace.rent(a!, { label: 'somebody-else' } as never, async () => undefined),
    await w.marketplace.rent(b!, { label: labelOf('otherhouse', 'm1', 'lab') } as never, async () => undefined),
  ];
  const { stop } = await w.start();
  await w.clock.advance(30 * MINUTE);
  expect(w.rented).toEqual(foreign);
  await stop();
});

test('a race nobody can win ends with a reason, and nothing is left running', async () => {
  const w = new World();
  w.marketplace.manners = () => ({ ...PROMPT, exitsAtMs: 3_000 });
  const { engine, stop } = await w.start();
  await engine.create('lab', {}, ANA);
  const wake = await engine.wake('lab', {}, ANA);
  await w.clock.advance(10 * MINUTE);
  expect(w.marketplace.machines.size).toBe(15);
  expect((await engine.operation(wake.id)).outcome).toMatchObject({ ok: false, code: 'race_lost' });
  expect((await engine.status('lab'))[0]?.sight).toBe('asleep');
  expect(w.rented).toEqual([]);
  await stop();
});

test('hibernating during the race lets every racer go', async () => {
  const w = new World();
  const { engine, stop } = await w.start();
  await engine.create('lab', {}, ANA);
  const wake = await engine.wake('lab', {}, ANA);
  await w.clock.advance(5 * SECOND);
  const sleep = await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(5 * MINUTE);
  expect(w.rented).toEqual([]);
  expect((await engine.operation(wake.id)).outcome).toMatchObject({ ok: false });
  expect((await engine.operation(sleep.id)).outcome).toMatchObject({ ok: true });
  await stop();
});

test('a machine that does not go away is destroyed again and again, and people learn what it costs', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  w.marketplace.destroyFails = true;
  await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(3_600_000);
  expect(w.told.filter((talk) => talk.event === 'release.slow')).toHaveLength(1);
  w.marketplace.destroyFails = false;
  await w.clock.advance(30 * MINUTE);
  expect(machine.destroyed).toBe(true);
  expect((await w.store.list('machines')).every((row) => row.state === 'gone')).toBe(true);
  await stop();
});

test('a paused machine starts again in place, without a race', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  machine.write('workspace/a', 'one');
  const row = (await w.store.read('workspaces', 'lab'))!;
  await w.store.save('workspaces', { ...row, wish: { ...row.wish, want: 'paused', at: w.clock.now() } });
  await w.clock.advance(5 * MINUTE);
  expect((await engine.status('lab'))[0]?.sight).toBe('paused');
  expect(machine.stopped).toBe(true);
  await engine.wake('lab', {}, ANA);
  await w.clock.advance(5 * MINUTE);
  expect((await engine.status('lab'))[0]?.sight).toBe('awake');
  expect(w.rented).toEqual([machine.instance]);
  expect(machine.files.get('workspace/a')?.content).toBe('one');
  await stop();
});

test('a repository that does not open ends the wake at once, with its own words, before fifteen machines were tried', async () => {
  const w = new World();
  w.storage.ensure = async () => {
    throw new Failure('wrong_password', { workspace: 'lab' });
  };
  const { engine, stop } = await w.start();
  await engine.create('lab', {}, ANA);
  const wake = await engine.wake('lab', {}, ANA);
  await w.clock.advance(5 * MINUTE);
  expect((await engine.operation(wake.id)).outcome).toMatchObject({
    ok: false,
    say: expect.stringContaining('does not open with its password'),
  });
  expect(w.marketplace.machines.size).toBeLessThanOrEqual(5);
  expect(w.rented).toEqual([]);
  await stop();
});

test('hibernating a machine that was lost meanwhile is no success, and says what is left', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  machine.write('workspace/a', 'only here');
  w.marketplace.vanish(machine.instance);
  const sleep = await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(10 * MINUTE);
  expect((await engine.operation(sleep.id)).outcome).toMatchObject({ ok: false, code: 'machine_lost' });
  await stop();
});
