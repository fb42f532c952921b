import { expect, test } from 'vitest';
import { ANA, awake, MINUTE, World } from '../fakes/world.ts';

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

async function contentAfterWake(
  w: World,
  engine: Awaited<ReturnType<typeof awake>>['engine'],
): Promise<string | undefined> {
  await engine.wake('lab', {}, ANA);
  await w.clock.advance(3 * MINUTE);
  const [view] = await engine.status('lab');
  return w.marketplace.machines.get(view?.machine?.instance ?? '')?.files.get('workspace/a')?.content;
}
