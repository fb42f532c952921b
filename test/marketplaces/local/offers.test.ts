import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Offer } from '../../../engine/domain/marketplace.ts';
import { bootTimes } from '../../../engine/marketplaces/local/boot-times.ts';
import { catalogue } from '../../../engine/marketplaces/local/catalogue.ts';
import { localMarketplace } from '../../../engine/marketplaces/local/local.ts';
import { fits, offersOf } from '../../../engine/marketplaces/local/offers.ts';
import { localWorld, patience } from './local-world.ts';

function marketIn(seed: string, folder = mkdtempSync(join(tmpdir(), 'dumont-offers-'))) {
  onTestFinished(async () => await rm(folder, { recursive: true, force: true }));
  return { folder, market: localMarketplace({ folder, seed }) };
}

test('the same seed brings the same offers, another one others', async () => {
  const offers = async (seed: string) => await marketIn(seed).market.offers({}, patience());
  expect(await offers('one')).toEqual(await offers('one'));
  expect(await offers('one')).not.toEqual(await offers('two'));
});

test('there is enough of the card most people want for three rounds of five, from many owners and regions', async () => {
  for (const seed of ['a', 'b', 'c', 'd']) {
    const offers = await marketIn(seed).market.offers({ gpu: 'RTX 4090', gpuCountMin: 1 }, patience());
    expect(new Set(offers.map(({ machine }) => machine)).size).toBeGreaterThanOrEqual(16);
    expect(new Set(offers.map(({ host }) => host)).size).toBeGreaterThanOrEqual(16);
    expect(new Set(offers.map(({ region }) => region)).size).toBeGreaterThanOrEqual(8);
  }
});

test('a machine is off the market while somebody has it, and comes back under another offer', async () => {
  const world = await localWorld();
  const offersFor = async (machine: string): Promise<readonly Offer[]> =>
    (await world.market.offers({ spot: true }, patience())).filter((offer) => offer.machine === machine);
  const [first] = await world.market.offers({}, patience());
  const instance = await world.rent();
  expect(await offersFor(first!.machine)).toEqual([]);
  await world.market.destroy(instance, patience());
  const [again] = await offersFor(first!.machine);
  expect(again).toEqual({ ...first, id: again!.id });
  expect(again!.id).not.toBe(first!.id);
});

test('interruptible machines cost less and are shown to those who ask', async () => {
  const { market } = marketIn('one');
  const all = await market.offers({ spot: true }, patience());
  const spot = all.filter((offer) => offer.spot);
  expect(spot.length).toBeGreaterThan(5);
  for (const offer of spot) {
    const plain = all.find(({ machine, spot }) => machine === offer.machine && !spot);
    expect(offer.dollarsPerHour).toBeLessThan(plain!.dollarsPerHour);
  }
});

test.each(['RTX_4090', 'rtx 4090', 'RTX4090'])('%s is an RTX 4090', (gpu) => {
  const [offer] = offersOf(catalogue('x')[0]!, 0);
  expect(fits(offer!, { gpu })).toBe(true);
  expect(fits(offer!, { gpu: 'RTX 409' })).toBe(false);
});

test('boot times go from 10 s to well over 3 min, and hosts differ in them every time', () => {
  const machines = catalogue('boots');
  const seconds = (machine: (typeof machines)[number], rental: number): number => {
    const { loadingMs, sshMs } = bootTimes('boots', machine, `${machine.id}.${rental}`);
    return (loadingMs + sshMs) / 1000;
  };
  const rentals = Array.from({ length: 40 }, (_, n) => n);
  const all = machines.flatMap((machine) => rentals.map((n) => seconds(machine, n))).sort((a, b) => a - b);
  const at = (share: number): number => all[Math.floor(share * all.length)]!;
  expect(Math.round(at(0))).toBeGreaterThanOrEqual(10);
  expect(at(0.5)).toBeGreaterThan(20);
  expect(at(0.5)).toBeLessThan(60);
  expect(at(0.97)).toBeGreaterThan(180);

  const ssh = machines.flatMap((machine) =>
    rentals.map((n) => bootTimes('boots', machine, `${machine.id}.${n}`).sshMs),
  );
  const slow = ssh.filter((ms) => ms > 10_000).length / ssh.length;
  expect(slow).toBeGreaterThan(0.001);
  expect(slow).toBeLessThan(0.1);

  const middle = machines.map((machine) => rentals.map((n) => seconds(machine, n)).sort((a, b) => a - b)[20]!);
  const sorted = middle.toSorted((a, b) => a - b);
  expect(sorted.at(-1)! / sorted[0]!).toBeGreaterThan(2.5);
  expect(seconds(machines[0]!, 1)).toBe(seconds(machines[0]!, 1));
});
