import { expect, test } from 'vitest';
import { vast } from '../../../engine/marketplaces/vast/vast.ts';
import { GOOD_KEY, openVast } from '../../standins/vast/account.ts';
import { serveVast } from '../../standins/vast/serve.ts';
import { readTraps } from '../../standins/vast/traps.ts';
import { gladly, never, PROMPT, vastWorld } from './vast-world.ts';

test('over HTTP it is the same, and an answer that is cut off is none', async () => {
  let at = Date.now();
  const sleep = async (ms: number): Promise<void> => {
    at += ms;
  };
  const clock = { now: () => at, sleep };
  const account = openVast({ now: clock.now, boot: PROMPT, traps: readTraps(['create-lost']) });
  await using server = await serveVast(account);
  const market = vast({ url: server.url, key: GOOD_KEY, keysFile: null, clock, random: () => 0.5 });
  const [offer] = await market.offers({ gpu: 'rtx4090' }, never);
  expect(offer).toMatchObject({ marketplace: 'vast', gpu: 'RTX 4090' });
  const { order } = vastWorld();
  await expect(market.rent(offer!, order('dumont-t-m1-lab'), gladly, never)).rejects.toMatchObject({
    code: 'marketplace_down',
  });
  expect((await market.list(never)).map(({ label }) => label)).toEqual(['dumont-t-m1-lab']);
});

test('a client with nothing but a browser and the published pages gets what they say', async () => {
  const account = openVast({ now: Date.now });
  await using server = await serveVast(account);
  const ask = async (path: string, headers: Record<string, string> = {}) => {
    const reply = await fetch(`${server.url}${path}`, { headers });
    return { status: reply.status, body: await reply.text() };
  };
  const authorization = `Bearer ${GOOD_KEY}`;
  expect(await ask('/api/v0/instances/', { authorization })).toMatchObject({ status: 410 });
  expect((await ask('/api/v0/instances/', { authorization })).body).toContain('deprecated_endpoint');
  expect(await ask('/api/v0/users/current/')).toMatchObject({ status: 403 });
  expect((await ask('/api/v0/users/current/', { authorization: 'Bearer x' })).body).toContain('Invalid user key');
  const early = await Promise.all([1, 2, 3].map(async () => await ask('/api/v1/instances/', { authorization })));
  expect(early.map(({ status }) => status).toSorted()).toEqual([200, 429, 429]);
});
