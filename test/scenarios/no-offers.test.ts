import { expect, test } from 'vitest';
import { Failure } from '../../engine/domain/failures.ts';
import type { Need } from '../../engine/domain/marketplace.ts';
import { type AtVast, atVast } from '../fakes/at-vast.ts';
import { ANA, MINUTE, World } from '../fakes/world.ts';
import { GOOD_KEY } from '../standins/vast/account.ts';
import { readTraps } from '../standins/vast/traps.ts';

/** Asks for something at vast that cannot be had, and returns what people are told. */
async function told(
  need: Need,
  change: (vast: AtVast) => void = () => undefined,
  traps: readonly string[] = [],
  how: { readonly capDollars?: number } = {},
) {
  const w = new World();
  const vast = atVast(w, { machines: 120, seed: 'bad input', traps: readTraps(traps) });
  change(vast);
  const { engine, stop } = await w.start(vast.change);
  await engine.create('lab', { need }, ANA);
  const offers = engine.offers(need, AbortSignal.timeout(5_000)).then(
    () => 'there are some',
    (cause: Error) => cause.message,
  );
  await w.clock.advance(MINUTE);
  const { id } = await engine.wake('lab', how, ANA);
  await w.clock.advance(10 * MINUTE);
  const { outcome } = await engine.operation(id);
  await stop();
  return { offers: await offers, wake: outcome?.say ?? 'it goes on', rented: vast.account.rentals.length };
}

test('a GPU that nobody has is named, with those that were meant', async () => {
  const { offers, wake, rented } = await told({ gpu: 'RTX 4900' });
  expect(offers).toBe(
    'No machine on offer fits: nobody offers a GPU named "RTX 4900" right now; did you mean RTX 4090 or RTX 3090 or RTX 5090.',
  );
  expect(wake).toContain('did you mean RTX 4090');
  expect((await told({ gpu: 'rtx4909' })).wake).toContain('did you mean RTX 4090');
  expect(rented).toBe(0);
});

test('a name like no other gets all that there are', async () => {
  const { offers } = await told({ gpu: 'Voodoo' });
  expect(offers).toContain('there are A100 SXM4, H100 SXM, L40S, RTX 3090, RTX 4090, RTX 5090, RTX A6000');
});

test.each([
  [
    'a price that is too low',
    { gpu: 'rtx_4090', dollarsPerHourMax: 0.05 },
    /all of them are dearer than \$0.05\/h; the cheapest costs \$0\.\d\d\/h/,
  ],
  ['a place without any', { gpu: 'RTX 4090', regions: ['AQ'] }, /all of them are outside of AQ; they are in [A-Z]+, /],
  ['more GPUs than anybody has', { gpuCountMin: 16 }, /with fewer than 16 GPUs/],
  [
    'the wish that removed the last ones',
    { gpu: 'RTX 4090', regions: ['SE'], downMbpsMin: 90_000 },
    /\d+ machines are on offer; \d+ fit otherwise, and all of these are slower than 90000 Mbit\/s/,
  ],
] as const)('%s is said', async (_, need, words) => {
  const { offers, wake, rented } = await told(need);
  expect(offers).toMatch(words);
  expect(wake).toMatch(words);
  expect(rented).toBe(0);
});

test.each([
  ['does not know any more', ({ account }: AtVast) => account.keys.delete(GOOD_KEY), 'Invalid user key'],
  ['has let expire', ({ account }: AtVast) => account.keys.set(GOOD_KEY, 'expired'), 'Your session has expired.'],
] as const)('a key that vast %s ends a wake with its name, and nothing is rented', async (_, change, why) => {
  const { offers, wake, rented } = await told({}, (vast) => void change(vast));
  const words = `vast does not accept the key in DUMONT_VAST_KEY: ${why}`;
  expect(offers).toBe(words);
  expect([wake, rented]).toEqual([expect.stringContaining(words.replace(/\.$/, '')), 0]);
});

test('a wake whose cap is too low for any machine says so, and nothing is rented', async () => {
  const { offers, wake, rented } = await told({ gpu: 'RTX 4090' }, undefined, [], { capDollars: 0.001 });
  expect(offers).toBe('there are some');
  expect([wake, rented]).toEqual([expect.stringContaining('the next machine would pass the cap for one wake'), 0]);
});

test.each([
  ['no-credit', 'vast says the account has no credit left'],
  ['spend-limit', 'Spend rate limit of this account reached'],
] as const)('%s ends a wake in words, after one round of machines at most', async (trap, words) => {
  const { wake, rented } = await told({}, undefined, [trap]);
  expect([wake, rented]).toEqual([expect.stringContaining(words), 0]);
});

test('where two marketplaces refuse, both are named, so that both can be mended at once', async () => {
  const w = new World();
  const refusing = (marketplace: string, setting: string, why: string) =>
    Object.assign(Object.create(w.marketplace), {
      name: marketplace,
      offers: async () => {
        throw new Failure('marketplace_key', { marketplace, setting, why });
      },
    });
  const both = new Map([
    ['vast', refusing('vast', 'DUMONT_VAST_KEY', 'Invalid user key')],
    ['runpod', refusing('runpod', 'DUMONT_RUNPOD_KEY', 'invalid bearer token')],
  ]);
  const { engine, stop } = await w.start((ports) => ({ ...ports, marketplaces: both }));
  const asked = engine.offers({}, AbortSignal.timeout(5_000));
  await expect(asked).rejects.toMatchObject({
    code: 'marketplace_key',
    message: expect.stringMatching(
      /DUMONT_VAST_KEY: Invalid user key; runpod .* DUMONT_RUNPOD_KEY: invalid bearer token/,
    ),
  });
  await stop();
});
