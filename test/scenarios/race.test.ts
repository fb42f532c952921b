import { expect, test } from 'vitest';
import { PROMPT } from '../fakes/machine.ts';
import { ANA, MINUTE, World } from '../fakes/world.ts';

test('a race waits for its last machines without looking all the time', async () => {
  const w = new World();
  w.marketplace.manners = () => ({ ...PROMPT, loadingMs: 88_000, sshAfterMs: 3_600_000 });
  const looks = countLooks(w);
  const { engine, stop } = await w.start();
  await engine.create('lab', {}, ANA);
  const wake = await engine.wake('lab', {}, ANA);
  await w.clock.advance(10 * MINUTE);
  expect((await engine.operation(wake.id)).outcome).toMatchObject({ ok: false, code: 'race_lost' });
  expect(looks()).toBeLessThan(2_000);
  await stop();
});

test('a race whose winner restores slowly waits for it without looking all the time', async () => {
  const w = new World();
  w.marketplace.manners = () => ({ ...PROMPT, usableMs: 110_000 });
  const looks = countLooks(w);
  const { engine, stop } = await w.start();
  await engine.create('lab', {}, ANA);
  await engine.wake('lab', {}, ANA);
  await w.clock.advance(3 * MINUTE);
  expect((await engine.status('lab'))[0]?.sight).toBe('awake');
  expect(looks()).toBeLessThan(500);
  await stop();
});

function countLooks(w: World): () => number {
  const read = w.store.read.bind(w.store);
  let looks = 0;
  w.store.read = async (kind, id) => {
    if (kind === 'races') looks += 1;
    return await read(kind, id);
  };
  return () => looks;
}
