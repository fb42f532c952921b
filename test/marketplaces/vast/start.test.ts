import { expect, test } from 'vitest';
import type { Send } from '../../../engine/marketplaces/vast/send.ts';
import { gladly, never, PROMPT, type VastWorld, vastWorld } from './vast-world.ts';

async function stopped(w: VastWorld): Promise<string> {
  const [offer] = await w.market.offers({}, never);
  const instance = await w.market.rent(offer!, w.order(), gladly, never);
  await w.until(async () => (await w.market.list(never))[0]?.status === 'running');
  await w.market.stop(instance, never);
  return instance;
}

test('a machine that stood still starts again, its image being there', async () => {
  const w = vastWorld({ boot: PROMPT });
  const instance = await stopped(w);
  await w.market.start(instance, never);
  await w.until(async () => (await w.market.list(never))[0]?.status === 'running');
  expect(w.account.rentals[0]!.intended).toBe('running');
});

test("one whose GPU is somebody else's by then is told so, and does not stay in the queue", async () => {
  const w = vastWorld({ boot: PROMPT });
  const instance = await stopped(w);
  w.account.traps.set('gpu-taken', 1);
  const asked = w.clock.now();
  await expect(w.market.start(instance, never)).rejects.toMatchObject({ code: 'gpu_taken' });
  expect(w.clock.now() - asked).toBeLessThan(40_000);
  expect(w.account.rentals[0]!.intended).toBe('stopped');
});

test('a log that is promised and does not come is no log, and no failure', async () => {
  const w = vastWorld({ boot: PROMPT, traps: ['log-late'] });
  const [offer] = await w.market.offers({}, never);
  const instance = await w.market.rent(offer!, w.order(), gladly, never);
  const looks: string[] = [];
  const send: Send = (request, signal) => {
    looks.push(request.url);
    return w.send(request, signal);
  };
  expect(await w.again(undefined, send).bootLog(instance, never)).toBe('');
  expect(looks.filter((url) => url.includes('/results/'))).toHaveLength(10);
});
