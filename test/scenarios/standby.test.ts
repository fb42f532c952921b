import { expect, test } from 'vitest';
import { Failure } from '../../engine/domain/failures.ts';
import { type FakeMachine, PROMPT } from '../fakes/machine.ts';
import { ANA, awake, MINUTE, type RunningEngine, SECOND, World } from '../fakes/world.ts';

const content = (machine: FakeMachine | undefined, path: string) => machine?.files.get(path)?.content;

/** Awake on a machine with a GPU, its work saved, with a standby whose price somebody agreed to. */
async function guarded(w: World): Promise<RunningEngine & { machine: FakeMachine }> {
  const running = await awake(w);
  await running.engine.standBy('lab', { on: true, agreedDollarsPerMonth: 200 }, ANA);
  running.machine.write('workspace/a', 'one');
  await w.clock.advance(6 * MINUTE);
  return running;
}

async function holder(w: World, { engine }: RunningEngine): Promise<FakeMachine | undefined> {
  const [view] = await engine.status('lab');
  return w.marketplace.machines.get(view?.machine?.instance ?? '');
}

test('nothing is put in reserve by itself, and nobody gets one without having seen its price', async () => {
  const w = new World();
  const { engine, stop } = await awake(w);
  expect(await engine.standby('lab')).toMatchObject({ agreed: null, dollarsPerMonth: 102.2, active: null });
  const asked = engine.standBy('lab', { on: true, agreedDollarsPerMonth: null }, ANA);
  await expect(asked).rejects.toMatchObject({
    code: 'confirmation_needed',
    message: expect.stringContaining('$102.20'),
  });
  const less = engine.standBy('lab', { on: true, agreedDollarsPerMonth: 50 }, ANA);
  await expect(less).rejects.toMatchObject({ code: 'confirmation_needed' });
  expect((await engine.status('lab'))[0]?.workspace.standby).toBeNull();
  await stop();
});

test('without an account for it a standby is refused with what to do, whatever other marketplaces fail at', async () => {
  const w = new World();
  const { engine, stop } = await awake(w);
  w.marketplace.offers = async () => {
    throw new Failure('marketplace_key', { marketplace: 'vast', setting: 'DUMONT_VAST_KEY', why: 'Invalid user key' });
  };
  expect((await engine.standby('lab')).why).toMatch(/^it needs an account at Google Cloud; set DUMONT_GCP_KEY/);
  const asked = engine.standBy('lab', { on: true, agreedDollarsPerMonth: 200 }, ANA);
  await expect(asked).rejects.toMatchObject({
    code: 'no_standby',
    message: expect.stringMatching(/^There is no standby to be had: it needs an account/),
  });
  await stop();
});

test('when its machine vanishes and no GPU can be had, it is reachable at its standby within five minutes', async () => {
  const w = new World();
  const running = await guarded(w);
  w.marketplace.soldOut = true;
  w.marketplace.vanish(running.machine.instance);
  const lostAt = w.clock.now();
  const reachable = await w.clock.advance(10 * MINUTE, () =>
    [...w.store.rows('machines').values()].some(({ offer, state }) => offer.gpu === 'none' && state === 'running'),
  );
  expect(reachable).toBe(true);
  expect(w.clock.now() - lostAt).toBeLessThanOrEqual(5 * MINUTE);
  const standby = await holder(w, running);
  expect(standby?.offer.gpu).toBe('none');
  expect(content(standby, 'workspace/a')).toBe('one');
  await running.stop();
});

test('without a standby nothing without a GPU is ever rented', async () => {
  const w = new World();
  const { machine, stop } = await awake(w);
  w.marketplace.soldOut = true;
  w.marketplace.vanish(machine.instance);
  await w.clock.advance(30 * MINUTE);
  expect([...w.marketplace.machines.values()].some(({ offer }) => offer.gpu === 'none')).toBe(false);
  await stop();
});

test('a wake that finds no GPU goes on at the standby, and whoever asked hears that', async () => {
  const w = new World();
  const running = await guarded(w);
  await running.engine.hibernate('lab', {}, ANA);
  await w.clock.advance(5 * MINUTE);
  w.marketplace.soldOut = true;
  const asked = await running.engine.wake('lab', {}, ANA);
  await w.clock.advance(5 * MINUTE);
  expect((await running.engine.operation(asked.id)).outcome).toMatchObject({
    ok: true,
    say: 'lab is usable at its standby, without a GPU.',
  });
  expect(content(await holder(w, running), 'workspace/a')).toBe('one');
  await running.stop();
});

test('a cap that came with the wake bounds each race that its standby begins', async () => {
  const w = new World();
  const running = await guarded(w);
  await running.engine.hibernate('lab', {}, ANA);
  await w.clock.advance(5 * MINUTE);
  w.marketplace.soldOut = true;
  const { id } = await running.engine.wake('lab', { capDollars: 0.5 }, ANA);
  await w.clock.advance(20 * MINUTE);
  const races = (await w.store.list('races')).filter(({ operation }) => operation === id);
  expect(new Set(races.map((race) => race.id.replace(/.*-|\d/g, '')))).toEqual(new Set(['r', 's', 'g']));
  expect(new Set(races.map(({ plan }) => plan.capMicro))).toEqual(new Set([500_000]));
  await running.stop();
});

test('when a GPU can be had again the standby is saved and makes room, and nothing done on it is lost', async () => {
  const w = new World();
  const running = await guarded(w);
  w.marketplace.soldOut = true;
  w.marketplace.vanish(running.machine.instance);
  await w.clock.advance(8 * MINUTE);
  const standby = await holder(w, running);
  expect(standby?.offer.gpu).toBe('none');
  standby?.write('workspace/b', 'done without a GPU');
  w.marketplace.soldOut = false;
  await w.clock.advance(20 * MINUTE);
  const back = await holder(w, running);
  expect(back?.offer.gpu).not.toBe('none');
  expect(content(back, 'workspace/b')).toBe('done without a GPU');
  expect(standby?.destroyed).toBe(true);
  expect((await running.engine.status('lab'))[0]).toMatchObject({ sight: 'awake', workspace: { yields: null } });
  expect(w.rented.filter((instance) => instance !== running.machine.instance)).toEqual([back?.instance]);
  await running.stop();
});

test('a machine that answers again after the standby took over saves what it held as pre-failover, never as newest', async () => {
  const w = new World();
  const running = await guarded(w);
  w.marketplace.soldOut = true;
  running.machine.write('workspace/a', 'two, in no backup yet');
  running.machine.unreachable = true;
  await w.clock.advance(8 * MINUTE);
  const standby = await holder(w, running);
  expect(standby?.offer.gpu).toBe('none');
  running.machine.unreachable = false;
  await w.clock.advance(10 * MINUTE);
  const snapshots = await running.engine.snapshots('lab');
  expect(snapshots.filter(({ kind }) => kind === 'pre-failover')).toHaveLength(1);
  const [view] = await running.engine.status('lab');
  expect(view?.newest?.kind).not.toBe('pre-failover');
  expect(view?.machine?.instance).toBe(standby?.instance);
  const epochs = (await w.store.list('machines')).map(({ epoch }) => epoch).filter((epoch) => epoch !== null);
  expect(new Set(epochs).size).toBe(epochs.length);
  expect(running.machine.destroyed).toBe(true);
  await running.stop();
});

test('a standby that cannot be saved keeps the workspace, and is tried again at the usual distances', async () => {
  const w = new World();
  const running = await guarded(w);
  w.marketplace.soldOut = true;
  w.marketplace.take(running.machine.instance);
  await w.clock.advance(8 * MINUTE);
  const standby = await holder(w, running);
  standby?.write('workspace/b', 'done without a GPU');
  w.marketplace.soldOut = false;
  w.storage.down = 'nobody answers';
  await w.clock.advance(9 * MINUTE, () => w.told.filter(({ event }) => event === 'save.failed').length > 50);
  const failed = w.told.filter(({ event }) => event === 'save.failed').length;
  expect(failed).toBeGreaterThan(0);
  expect(failed).toBeLessThan(6);
  w.storage.down = null;
  await w.clock.advance(30 * MINUTE);
  expect((await holder(w, running))?.offer.gpu).not.toBe('none');
  expect(content(await holder(w, running), 'workspace/b')).toBe('done without a GPU');
  await running.stop();
});

test('put to sleep, the standby is saved and let go like any other', async () => {
  const w = new World();
  const running = await guarded(w);
  w.marketplace.soldOut = true;
  w.marketplace.take(running.machine.instance);
  await w.clock.advance(8 * MINUTE);
  (await holder(w, running))?.write('workspace/c', 'three');
  await running.engine.hibernate('lab', {}, ANA);
  await w.clock.advance(6 * MINUTE);
  expect((await running.engine.status('lab'))[0]?.sight).toBe('asleep');
  expect(w.rented).toEqual([]);
  await running.stop();
});

test('an engine that was killed in the middle goes on where it was', async () => {
  const w = new World();
  const running = await guarded(w);
  w.marketplace.soldOut = true;
  w.marketplace.take(running.machine.instance);
  let at = running;
  for (let i = 0; i < 12; i++) {
    await w.clock.advance(29 * SECOND);
    await at.stop();
    at = { ...(await w.start()), machine: running.machine };
  }
  await w.clock.advance(6 * MINUTE);
  expect((await holder(w, at))?.offer.gpu).toBe('none');
  expect(w.rented).toHaveLength(1);
  await at.stop();
});

test.each([true, false])(
  'back from a standby, the loss of the next machine is met too, sold out: %s',
  async (soldOut) => {
    const w = new World();
    const running = await guarded(w);
    w.marketplace.soldOut = true;
    w.marketplace.vanish(running.machine.instance);
    await w.clock.advance(8 * MINUTE);
    w.marketplace.soldOut = false;
    await w.clock.advance(20 * MINUTE);
    const back = await holder(w, running);
    expect(back?.offer.gpu).not.toBe('none');
    back?.write('workspace/b', 'done since');
    await w.clock.advance(2 * 60 * MINUTE);
    w.marketplace.soldOut = soldOut;
    w.marketplace.vanish(back?.instance ?? '');
    await w.clock.advance(10 * MINUTE);
    const next = await holder(w, running);
    expect((await running.engine.status('lab'))[0]?.sight).toBe('awake');
    expect(next?.offer.gpu === 'none').toBe(soldOut);
    expect(content(next, 'workspace/b')).toBe('done since');
    await running.stop();
  },
);

test('a standby that could not be had once is there at the next loss', async () => {
  const w = new World();
  const running = await guarded(w);
  const offers = w.marketplace.offers.bind(w.marketplace);
  w.marketplace.offers = async (need) => (need.kind === 'cpu' ? [] : await offers(need));
  const slow = { ...PROMPT, loadingMs: MINUTE, sshAfterMs: MINUTE };
  w.marketplace.manners = () => slow;
  w.marketplace.queue.push(...Array.from({ length: 5 }, () => ({ ...slow, loadingMs: 9 * MINUTE })));
  w.marketplace.vanish(running.machine.instance);
  await w.clock.advance(10 * MINUTE);
  const back = await holder(w, running);
  expect(back?.offer.gpu).not.toBe('none');
  expect(back?.instance).not.toBe(running.machine.instance);
  expect([...w.store.rows('races').values()].map(({ need, outcome }) => [need.kind, outcome?.winner])).toContainEqual([
    'cpu',
    null,
  ]);
  await w.clock.advance(2 * 60 * MINUTE);
  w.marketplace.offers = offers;
  w.marketplace.manners = () => PROMPT;
  w.marketplace.soldOut = true;
  w.marketplace.vanish(back?.instance ?? '');
  await w.clock.advance(10 * MINUTE);
  expect((await holder(w, running))?.offer.gpu).toBe('none');
  await running.stop();
});
