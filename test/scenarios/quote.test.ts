import { expect, test } from 'vitest';
import { PROMPT } from '../fakes/machine.ts';
import { ANA, MINUTE, SECOND, World } from '../fakes/world.ts';

test('a quote says how long people waited, with the rounds that brought nothing, and a P95 only of enough wakes', async () => {
  const w = new World();
  const { engine, stop } = await w.start();
  await engine.create('lab', {}, ANA);
  expect((await engine.quote('lab', {})).usable, 'nothing was woken yet').toBeNull();

  // The first five never answer, so the winner, which takes 13 s by itself, starts after a round of 90 s.
  w.marketplace.manners = () =>
    w.marketplace.machines.size <= 5 ? { ...PROMPT, loadingMs: 600_000, sshAfterMs: 600_000 } : PROMPT;
  await engine.wake('lab', {}, ANA);
  await w.clock.advance(5 * MINUTE);
  const { usable } = await engine.quote('lab', {});
  expect(usable).toMatchObject({ samples: 1, p95: null, own: false });
  expect(usable?.p50).toBeGreaterThan(100 * SECOND);
  expect(usable?.p50).toBe(w.told.find((talk) => talk.event === 'workspace.usable')?.ms);
  await stop();
});

test('a workspace that was woken five times is quoted by its own wakes alone', async () => {
  const w = new World();
  const { engine, stop } = await w.start();
  w.marketplace.manners = () => ({ ...PROMPT, loadingMs: 38_000, sshAfterMs: 40_000 });
  await engine.create('other', {}, ANA);
  await engine.create('lab', {}, ANA);
  const cycle = async (name: string): Promise<void> => {
    await engine.wake(name, {}, ANA);
    await w.clock.advance(2 * MINUTE);
    await engine.hibernate(name, {}, ANA);
    await w.clock.advance(5 * MINUTE);
  };
  await cycle('other');
  w.marketplace.manners = () => PROMPT;
  for (let i = 0; i < 4; i += 1) await cycle('lab');
  expect((await engine.quote('lab', {})).usable).toMatchObject({ samples: 5, own: false });
  await cycle('lab');
  const { usable } = await engine.quote('lab', {});
  expect(usable).toMatchObject({ samples: 5, own: true });
  expect(usable?.slowest).toBeLessThan(30 * SECOND);
  await stop();
});
