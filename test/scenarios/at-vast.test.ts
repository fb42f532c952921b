import { expect, test } from 'vitest';
import { atVast } from '../fakes/at-vast.ts';
import { ANA, MINUTE, World } from '../fakes/world.ts';
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
