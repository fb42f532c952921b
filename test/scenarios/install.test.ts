import { expect, test } from 'vitest';
import { PROMPT } from '../fakes/machine.ts';
import { ANA, MINUTE, SECOND, World } from '../fakes/world.ts';

async function waking(toolsMs: number) {
  const w = new World();
  w.marketplace.manners = () => ({ ...PROMPT, toolsMs });
  const running = await w.start();
  await running.engine.create('lab', {}, ANA);
  await running.engine.wake('lab', {}, ANA);
  await w.clock.advance(6 * MINUTE);
  const failed = (await w.store.list('machines')).filter(({ why }) => why.startsWith('Too slow: install tools'));
  const [view] = await running.engine.status('lab');
  await running.stop();
  return { view, failed, boots: w.journals.entries.boots.filter(({ stage }) => stage === 'installing') };
}

test('tools that keep arriving over a slow line may take longer than those that do not arrive', async () => {
  const { view, failed } = await waking(40 * SECOND);
  expect(view?.sight).toBe('awake');
  expect(failed).toEqual([]);
});

test('where nothing arrives any more a machine is let go after ten seconds', async () => {
  const { view, boots } = await waking(Number.POSITIVE_INFINITY);
  expect(view?.sight).toBe('asleep');
  expect(boots[0]).toMatchObject({ ok: false, why: 'Too slow: install tools took longer than 10 s.' });
  expect(Math.max(...boots.map(({ ms }) => ms))).toBeLessThan(12 * SECOND);
});

test('and where they arrive for ever, after a minute', async () => {
  const { boots } = await waking(10 * MINUTE);
  expect(boots[0]).toMatchObject({ ok: false, why: 'Too slow: install tools took longer than 60 s.' });
});
