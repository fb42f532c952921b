import { expect, test } from 'vitest';
import type { Send } from '../../engine/marketplaces/vast/send.ts';
import { MINUTE } from '../fakes/world.ts';
import { type Rentals, rentals } from './rentals.ts';

const bad = ({ unownedMs, left, foreignTouched }: Rentals): boolean =>
  unownedMs > 2 * MINUTE || left > 0 || foreignTouched;

// `node test/simulation/rentals.ts --races 500` takes them all.
test('no machine bills us for long without a record, whatever vast answers and whenever engines are killed', async () => {
  const all: Rentals[] = [];
  for (let n = 0; n < 12; n += 1) all.push(await rentals(`rentals ${n}`));
  expect(all.filter(bad)).toEqual([]);
  expect(all.reduce((sum, { rented }) => sum + rented, 0)).toBeGreaterThan(60);
});

test('a client that forgets its label would be seen', async () => {
  const nameless =
    (send: Send): Send =>
    async (request, signal) => {
      if (!request.url.includes('/asks/')) return await send(request, signal);
      const { label: _, ...body } = JSON.parse(request.body ?? '{}') as Record<string, unknown>;
      return await send({ ...request, body: JSON.stringify(body) }, signal);
    };
  const all: Rentals[] = [];
  for (let n = 0; n < 4; n += 1) all.push(await rentals(`rentals ${n}`, nameless));
  expect(all.some(bad)).toBe(true);
});
