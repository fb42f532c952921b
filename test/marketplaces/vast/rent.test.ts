import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { FailureCode } from '../../../engine/domain/failures.ts';
import { bootScript } from '../../../engine/remote/boot-script.ts';
import { gladly, never, PROMPT, type VastWorld, vastWorld } from './vast-world.ts';

const rent = async (w: VastWorld, label?: string): Promise<string> => {
  const [offer] = await w.market.offers({ gpu: 'RTX 4090' }, never);
  return await w.market.rent(offer!, w.order(label), gladly, never);
};
const creates = (w: VastWorld): number => w.account.asked.filter((call) => call.startsWith('PUT /api/v0/asks/')).length;
const failed = async (code: FailureCode, work: Promise<unknown>): Promise<void> =>
  await expect(work).rejects.toMatchObject({ name: 'Failure', code });

test.each([
  ['create-502', 'marketplace_down', 1],
  ['create-lost', 'marketplace_down', 1],
  ['create-502-nothing', 'marketplace_down', 0],
  ['create-error-made', 'marketplace_down', 1],
  ['ask-taken', 'offer_taken', 0],
  ['ask-unknown', 'offer_taken', 0],
  ['no-credit', 'no_credit', 0],
  ['spend-limit', 'spend_limit', 0],
] as const)('a create that meets %s is asked once and ends as %s', async (trap, code, made) => {
  const w = vastWorld({ traps: [trap] });
  await failed(code, rent(w, 'dumont-t-m1-lab'));
  expect(creates(w)).toBe(1);
  expect(w.account.rentals).toHaveLength(made);
  const labels = (await w.market.list(never)).map(({ label }) => label);
  expect(labels, 'what may exist is found under its label').toEqual(made ? ['dumont-t-m1-lab'] : []);
});

test('errors in plain text are understood all the same', async () => {
  const w = vastWorld({ traps: ['text-errors', 'ask-taken'] });
  await failed('offer_taken', rent(w));
  w.account.traps.delete('ask-taken');
  w.account.traps.set('no-credit', 1);
  await failed('no_credit', rent(w));
});

test('a create that came too early was not done, and is asked again', async () => {
  const w = vastWorld({ traps: ['too-frequent=0.4'], boot: PROMPT });
  const [offer] = await w.market.offers({}, never);
  const instance = await w.market.rent(offer!, w.order(), gladly, never);
  expect(w.account.rentals.map(({ id }) => String(id))).toEqual([instance]);
});

test('five machines leave one after the other, no closer than 4.5 s', async () => {
  const w = vastWorld();
  const offers = await w.market.offers({}, never);
  const left: number[] = [];
  const departing = async (): Promise<void> => void left.push(w.clock.now());
  await Promise.all(offers.slice(0, 5).map((offer) => w.market.rent(offer, w.order(), departing, never)));
  const gaps = left.slice(1).map((at, i) => at - left[i]!);
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(4_500);
  expect(left.at(-1)! - left[0]!).toBeLessThan(20_000);
  expect(w.account.rentals).toHaveLength(5);
});

test('what is sent holds our keys, the boot script and its configuration, and fits', async () => {
  const w = vastWorld();
  const [offer] = await w.market.offers({}, never);
  const bootConfig = JSON.stringify({ tools: ['x'.repeat(2_000)] });
  const order = { ...w.order(), bootScript: bootScript(), bootConfig };
  await w.market.rent(offer!, order, gladly, never);
  const { onstart, env, disk } = w.account.rentals[0]!;
  const packed = onstart.split("<<'END' | gunzip | sh\n")[1]!.split('\nEND')[0]!;
  expect(gunzipSync(Buffer.from(packed, 'base64')).toString()).toBe(order.bootScript);
  expect(Buffer.from(env.DUMONT_BOOT_CONFIG!, 'base64').toString()).toBe(bootConfig);
  expect(onstart).toContain('ssh-ed25519 AAAA engine');
  expect(env).toMatchObject({ A: 'b', '-p 8080:8080': '1' });
  expect(disk).toBe(40);
});

test('a key with a quote in it ends no line of the script', async () => {
  const w = vastWorld();
  const [offer] = await w.market.offers({}, never);
  const order = { ...w.order(), publicKeys: ["ssh-rsa AAAA a\nEND\nrm -rf /'"] };
  await w.market.rent(offer!, order, gladly, never);
  expect(w.account.rentals[0]!.onstart).not.toMatch(/^rm/m);
});

test('interruptible machines are asked for with their price, and only when wanted', async () => {
  const w = vastWorld();
  expect((await w.market.offers({}, never)).some(({ spot }) => spot)).toBe(false);
  const spot = (await w.market.offers({ spot: true }, never)).find((offer) => offer.spot)!;
  await w.market.rent(spot, w.order(), gladly, never);
  expect(w.account.rentals[0]).toMatchObject({ bid: true, terms: [{ price: spot.dollarsPerHour }] });
});
