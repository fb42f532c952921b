import { expect, test } from 'vitest';
import { PROMPT } from '../fakes/machine.ts';
import { ANA, awake, MINUTE, SECOND, World } from '../fakes/world.ts';

test('what a lost machine brings back is newest when nobody was given the workspace meanwhile', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  machine.write('workspace/a', 'one');
  await engine.snapshot('lab', { description: '' }, ANA);
  await w.clock.advance(MINUTE);
  machine.write('workspace/a', 'two');
  w.marketplace.vanish(machine.instance);
  await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(10 * MINUTE);
  expect((await engine.status('lab'))[0]?.sight, 'it was given up').toBe('asleep');
  w.marketplace.comeBack(machine.instance);
  await w.clock.advance(20 * MINUTE);
  expect(await contentAfterWake(w, engine)).toBe('two');
  await stop();
});

test('a machine that went silent right after it was usable knows by itself that all its files came', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  machine.write('workspace/a', 'one');
  await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(5 * MINUTE);
  w.marketplace.manners = () => ({ ...PROMPT, completeMs: 20_000 });
  await engine.wake('lab', {}, ANA);
  await w.clock.advance(15 * SECOND);
  const [view] = await engine.status('lab');
  expect(view?.sight).toBe('usable');
  const second = w.marketplace.machines.get(view?.machine?.instance ?? '')!;
  second.write('workspace/a', 'two');
  w.marketplace.vanish(second.instance);
  await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(10 * MINUTE);
  w.marketplace.comeBack(second.instance);
  await w.clock.advance(20 * MINUTE);
  expect(second.destroyed).toBe(true);
  expect(await contentAfterWake(w, engine)).toBe('two');
  await stop();
});

test('a machine that answers again before all its files came is not put to sleep until they have', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  machine.write('workspace/a', 'one');
  machine.write('workspace/b', 'one');
  await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(5 * MINUTE);
  w.marketplace.manners = () => ({ ...PROMPT, completeMs: 3 * MINUTE });
  await engine.wake('lab', {}, ANA);
  await w.clock.advance(15 * SECOND);
  const [view] = await engine.status('lab');
  const second = w.marketplace.machines.get(view?.machine?.instance ?? '')!;
  second.write('workspace/a', 'two');
  w.marketplace.vanish(second.instance);
  await w.clock.advance(45 * SECOND);
  expect((await engine.status('lab'))[0]?.machine?.state).toBe('stranded');
  await engine.hibernate('lab', {}, ANA);
  w.marketplace.comeBack(second.instance);
  await w.clock.advance(MINUTE);
  expect(second.destroyed, 'half of its files had come').toBe(false);
  await w.clock.advance(20 * MINUTE);
  expect(second.destroyed).toBe(true);
  expect(await contentAfterWake(w, engine)).toBe('two');
  await stop();
});

test('a backup whose proof took long does not count as later than the ones ordered after it', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  machine.write('workspace/a', 'one');
  const digests = w.storage.digests.bind(w.storage);
  w.storage.digests = async (...asked) => {
    w.storage.digests = digests;
    await w.clock.sleep(5 * MINUTE, new AbortController().signal);
    return await digests(...asked);
  };
  await engine.snapshot('lab', { description: '' }, ANA);
  await w.clock.advance(10 * SECOND);
  machine.unreachable = true; // whoever asked it to save is gone, and it can be asked again
  await w.clock.advance(20 * SECOND);
  machine.unreachable = false;
  machine.write('workspace/a', 'two');
  await w.clock.advance(10 * MINUTE);
  w.marketplace.take(machine.instance);
  await w.clock.advance(10 * MINUTE);
  expect(await contentAfterWake(w, engine)).toBe('two');
  await stop();
});

async function contentAfterWake(
  w: World,
  engine: Awaited<ReturnType<typeof awake>>['engine'],
): Promise<string | undefined> {
  await engine.wake('lab', {}, ANA);
  await w.clock.advance(3 * MINUTE);
  const [view] = await engine.status('lab');
  return w.marketplace.machines.get(view?.machine?.instance ?? '')?.files.get('workspace/a')?.content;
}
