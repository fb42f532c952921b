import { expect, test } from 'vitest';
import { atVast, marketplacesOf } from '../fakes/at-vast.ts';
import { ANA, MINUTE, SECOND, World } from '../fakes/world.ts';
import { stop as halt } from '../standins/vast/account.ts';

const boot = () => ({ loadingMs: 20_000, sshMs: 1_000, cached: false, fate: 'well' }) as const;

async function awakeAt(w: World) {
  const vast = atVast(w, { seed: 'paused', machines: 60, boot, traps: new Map() });
  const running = await w.start(vast.change);
  await running.engine.create('lab', { need: { gpu: 'RTX 4090' } }, ANA);
  await running.engine.wake('lab', {}, ANA);
  await w.clock.advance(4 * MINUTE);
  const id = (await running.engine.status('lab'))[0]!.machine!.instance!;
  const machine = vast.machines.get(Number(id))!;
  machine.write('workspace/a', 'one');
  return { ...running, vast, machine, rental: vast.account.rentals.find((one) => String(one.id) === id)! };
}

test('a machine that its host stopped is started again as soon as its GPU is free, with what was in no backup', async () => {
  const w = new World();
  const { engine, vast, machine, rental, stop } = await awakeAt(w);
  vast.account.traps.set('gpu-taken', 1);
  halt(vast.account, rental);
  rental.intended = 'stopped';
  machine.unreachable = true;
  await w.clock.advance(30 * MINUTE);
  expect((await engine.status('lab'))[0]?.sight).toBe('stranded');
  expect(machine.destroyed).toBe(false);
  vast.account.traps.clear();
  machine.unreachable = false;
  await w.clock.advance(2 * MINUTE);
  const [view] = await engine.status('lab');
  expect([view?.sight, view?.machine?.instance]).toEqual(['awake', String(rental.id)]);
  expect(machine.files.get('workspace/a')?.content).toBe('one');
  await stop();
});

test('a paused machine whose GPU somebody else has is let go, and the workspace wakes elsewhere with all of its work', async () => {
  const w = new World();
  const { engine, vast, rental, stop } = await awakeAt(w);
  const before = String(rental.id);
  await engine.pause('lab', ANA);
  await w.clock.advance(5 * MINUTE);
  expect((await engine.status('lab'))[0]?.sight).toBe('paused');
  vast.account.traps.set('gpu-taken', 1);
  await engine.wake('lab', {}, ANA);
  await w.clock.advance(6 * MINUTE);
  const [view] = await engine.status('lab');
  expect(view?.sight).toBe('awake');
  expect(view?.machine?.instance).not.toBe(before);
  expect(vast.machines.get(Number(view?.machine?.instance))?.files.get('workspace/a')?.content).toBe('one');
  expect(vast.account.rentals.filter(({ endedAt }) => endedAt === null).map(({ id }) => String(id))).toEqual([
    view?.machine?.instance,
  ]);
  await stop();
});

test('while it is paused its disk is what it costs, and the whole price again after that', async () => {
  const w = new World();
  const { engine, rental, stop } = await awakeAt(w);
  const dollarsPerHour = async () => (await engine.status('lab'))[0]!.dollarsPerHour;
  const whole = await dollarsPerHour();
  await engine.pause('lab', ANA);
  await w.clock.advance(4 * MINUTE);
  const disk = (rental.disk * rental.physical.storage_cost) / 730;
  expect(await dollarsPerHour()).toBeCloseTo(disk, 6);
  expect(disk).toBeLessThan(whole / 10);
  await w.clock.advance(20 * MINUTE);
  await engine.wake('lab', {}, ANA);
  await w.clock.advance(4 * MINUTE);
  expect(await dollarsPerHour()).toBe(whole);
  await stop();
});

test('what waits for its turn to be rented when the race is cancelled is never asked for, and the next wake waits for nothing', async () => {
  const w = new World();
  const vast = atVast(w, { seed: 'paused', machines: 60, boot, traps: new Map() });
  const { engine, stop } = await w.start(vast.change);
  await engine.create('lab', { need: { gpu: 'RTX 4090' } }, ANA);
  await engine.wake('lab', {}, ANA);
  await w.clock.advance(2 * SECOND);
  await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(8 * SECOND);
  expect(vast.account.rentals).toHaveLength(1);
  const never = [...w.store.rows('machines').values()].filter(({ departedAt }) => departedAt === null);
  expect(never.map(({ state, why }) => [state, why])).toEqual(
    Array(4).fill(['gone', 'nobody wants it awake any more; it was never asked for']),
  );
  const again = w.clock.now();
  await engine.wake('lab', {}, ANA);
  await w.clock.advance(1 * SECOND);
  expect(vast.account.rentals).toHaveLength(2);
  expect(vast.account.rentals[1]!.createdAt - again).toBeLessThan(SECOND);
  await stop();
});

test('what waits for its turn to be rented when somebody can work already is never asked for', async () => {
  const w = new World();
  const seen: number[] = [];
  const first = (machine: number) => seen.push(machine) === 1;
  const vast = atVast(w, {
    seed: 'paused',
    machines: 60,
    boot: ({ machine_id }) => ({ ...boot(), loadingMs: first(machine_id) ? 2_000 : 60_000, sshMs: 500 }),
    traps: new Map(),
  });
  const { engine, stop } = await w.start(vast.change);
  await engine.create('lab', { need: { gpu: 'RTX 4090' } }, ANA);
  await engine.wake('lab', {}, ANA);
  await w.clock.advance(3 * MINUTE);
  expect((await engine.status('lab'))[0]?.sight).toBe('awake');
  expect(vast.account.rentals).toHaveLength(2);
  await stop();
});

test('a call that has left when the race is cancelled is waited for, and what it rented is let go', async () => {
  const w = new World();
  const vast = atVast(w, { seed: 'paused', machines: 60, boot, traps: new Map() });
  const { engine, stop } = await w.start((ports) => ({
    ...vast.change(ports),
    marketplaces: marketplacesOf(w.clock, async (request, signal) => {
      const reply = await vast.send(request, signal);
      if (request.url.includes('/asks/')) await w.clock.sleep(3 * SECOND, signal);
      return reply;
    }),
  }));
  await engine.create('lab', { need: { gpu: 'RTX 4090' } }, ANA);
  await engine.wake('lab', {}, ANA);
  await w.clock.advance(1 * SECOND);
  await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(1 * SECOND);
  expect(vast.account.rentals.map(({ endedAt }) => endedAt)).toEqual([null]);
  const [left] = [...w.store.rows('machines').values()].filter(({ departedAt }) => departedAt !== null);
  expect(left?.state).toBe('renting');
  await w.clock.advance(3 * MINUTE);
  expect(vast.account.rentals.map(({ endedAt }) => endedAt === null)).toEqual([false]);
  await stop();
});
