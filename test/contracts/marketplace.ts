import { describe, expect, test } from 'vitest';
import { Failure, type FailureCode } from '../../engine/domain/failures.ts';
import type { EndCall } from '../../engine/domain/heartbeat.ts';
import type { Need, Offer, Order } from '../../engine/domain/marketplace.ts';
import type { Marketplace } from '../../engine/domain/ports.ts';

/** An account with nothing rented, and how to wait for what takes a while there. */
export interface MarketplaceWorld extends AsyncDisposable {
  readonly marketplace: Marketplace;
  /** Every offer of it fits this; without it, no wish at all. */
  readonly base?: Need;
  /** An offer fits this that rents quickly and costs little. */
  readonly need: Need;
  /** What is in an order besides its label. */
  readonly order: Omit<Order, 'label'>;
  /** Looks until it is so; a clock moved by hand moves it. */
  until(look: () => Promise<boolean>): Promise<void>;
  /** The machine at this address lets us in. Missing where there is nothing to log in to. */
  readonly answers?: (host: string, port: number) => Promise<boolean>;
  /** Makes the call that ends a machine, as the machine does. */
  readonly ends?: (call: EndCall) => Promise<void>;
}

/** What every marketplace promises, in our words. `open` begins with an empty account. */
export function marketplaceContract(name: string, open: () => Promise<MarketplaceWorld>): void {
  describe(`${name} as a marketplace`, () => {
    const never = new AbortController().signal;
    const gladly = async (): Promise<void> => undefined;

    async function rented(world: MarketplaceWorld, label: string): Promise<string> {
      const [offer] = await world.marketplace.offers(world.need, never);
      return await world.marketplace.rent(offer!, { ...world.order, label }, gladly, never);
    }
    const rowOf = async (world: MarketplaceWorld, instance: string) =>
      (await world.marketplace.list(never)).find((row) => row.instance === instance);
    const listed = async (world: MarketplaceWorld, instance: string): Promise<void> =>
      await world.until(async () => (await rowOf(world, instance)) !== undefined);

    test('offers machines, each with all we need to choose', async () => {
      await using world = await open();
      const offers = await world.marketplace.offers(world.base ?? {}, never);
      expect(offers.length).toBeGreaterThan(0);
      expect(new Set(offers.map(({ id }) => id)).size).toBe(offers.length);
      for (const offer of offers) {
        expect(offer.marketplace).toBe(world.marketplace.name);
        for (const word of [offer.id, offer.machine, offer.host, offer.region, offer.gpu]) expect(word).not.toBe('');
        for (const count of [offer.gpuCount, offer.vramGb])
          world.base?.kind === 'cpu' ? expect(count).toBe(0) : expect(count).toBeGreaterThan(0);
        expect(offer.dollarsPerHour).toBeGreaterThan(0);
        for (const price of [offer.dollarsPerGbDown, offer.dollarsPerGbUp]) expect(price).toBeGreaterThanOrEqual(0);
        expect(offer.reliability).toBeGreaterThanOrEqual(0);
        expect(offer.reliability).toBeLessThanOrEqual(1);
        expect(offer.spot).toBe(false);
      }
    });

    test('keeps every wish about a machine', async () => {
      await using world = await open();
      const { marketplace } = world;
      const all = await marketplace.offers({ ...world.base, spot: true }, never);
      const middle = all.toSorted((one, other) => one.dollarsPerHour - other.dollarsPerHour)[all.length >> 1]!;
      const wishes: readonly [Need, (offer: Offer) => boolean][] = [
        [{ gpu: middle.gpu }, (offer) => offer.gpu === middle.gpu],
        [{ gpuCountMin: middle.gpuCount }, (offer) => offer.gpuCount >= middle.gpuCount],
        [{ vramGbMin: middle.vramGb }, (offer) => offer.vramGb >= middle.vramGb],
        [{ dollarsPerHourMax: middle.dollarsPerHour }, (offer) => offer.dollarsPerHour <= middle.dollarsPerHour],
        [{ regions: [middle.region] }, (offer) => offer.region === middle.region],
        [{ regions: [middle.region.toLowerCase()] }, (offer) => offer.region === middle.region],
        [{ reliabilityMin: middle.reliability }, (offer) => offer.reliability >= middle.reliability],
        [
          { downMbpsMin: middle.downMbps ?? 100 },
          ({ downMbps }) => downMbps === null || downMbps >= (middle.downMbps ?? 100),
        ],
        [{ diskGbMin: middle.diskGb }, (offer) => offer.diskGb >= middle.diskGb],
        [{ cudaMin: middle.cuda ?? 0 }, (offer) => (offer.cuda ?? 0) >= (middle.cuda ?? 0)],
        [{ verified: true }, (offer) => offer.verified],
      ];
      for (const [need, fits] of wishes) {
        const offers = await marketplace.offers({ ...world.base, ...need, spot: true }, never);
        expect(
          offers.filter((offer) => !fits(offer)),
          JSON.stringify(need),
        ).toEqual([]);
        expect(offers.map(({ id }) => id).sort(), JSON.stringify(need)).toEqual(
          all
            .filter(fits)
            .map(({ id }) => id)
            .sort(),
        );
      }
      expect(await marketplace.offers({ ...world.base, dollarsPerHourMax: 0 }, never)).toEqual([]);
    });

    test('a rented machine is listed under its label, and in time says where it answers', async () => {
      await using world = await open();
      const [offer] = await world.marketplace.offers(world.need, never);
      const instance = await world.marketplace.rent(
        offer!,
        { ...world.order, label: 'dumont-t-m1-lab' },
        gladly,
        never,
      );
      await world.until(async () => (await rowOf(world, instance))?.status === 'running');
      const row = await rowOf(world, instance);
      expect(row).toMatchObject({
        label: 'dumont-t-m1-lab',
        machine: offer!.machine,
        dollarsPerHour: offer!.dollarsPerHour,
      });
      await world.until(async () => (await rowOf(world, instance))?.address != null);
      const { host, port } = (await rowOf(world, instance))!.address!;
      if (world.answers) await world.until(async () => await world.answers!(host, port));
      expect(typeof (await world.marketplace.bootLog(instance, never))).toBe('string');
    });

    test('asks for leave once, right before it rents, and rents nothing without', async () => {
      await using world = await open();
      const [offer] = await world.marketplace.offers(world.need, never);
      const order = { ...world.order, label: 'dumont-t-m1-lab' };
      const refusal = new Failure('fenced', { what: 'm1' });
      const forbid = async (): Promise<void> => {
        throw refusal;
      };
      await expect(world.marketplace.rent(offer!, order, forbid, never)).rejects.toBe(refusal);
      expect(await world.marketplace.list(never)).toEqual([]);

      let asked = 0;
      let before = -1;
      const instance = await world.marketplace.rent(
        offer!,
        order,
        async () => {
          asked++;
          before = (await world.marketplace.list(never)).length;
        },
        never,
      );
      expect({ asked, before }).toEqual({ asked: 1, before: 0 });
      await listed(world, instance);
    });

    test('an offer is good for one rental', async () => {
      await using world = await open();
      const [offer] = await world.marketplace.offers(world.need, never);
      const order = { ...world.order, label: 'dumont-t-m1-lab' };
      const instance = await world.marketplace.rent(offer!, order, gladly, never);
      await failureOf('offer_taken', world.marketplace.rent(offer!, { ...order, label: 'second' }, gladly, never));
      await listed(world, instance);
      const labels = (await world.marketplace.list(never)).map(({ label }) => label);
      expect(labels).not.toContain('second');
      expect((await world.marketplace.offers(world.need, never)).map(({ id }) => id)).not.toContain(offer!.id);
    });

    test('lists every machine of the account', async () => {
      await using world = await open();
      const instances = [await rented(world, 'dumont-t-m1-lab'), await rented(world, 'somebody elses')];
      for (const instance of instances) await listed(world, instance);
      expect((await world.marketplace.list(never)).map(({ instance }) => instance).sort()).toEqual(instances.sort());
    });

    test('a destroyed machine leaves the list and answers no more; destroying it again does nothing', async () => {
      await using world = await open();
      const instance = await rented(world, 'dumont-t-m1-lab');
      await world.until(async () => (await rowOf(world, instance))?.address != null);
      const { host, port } = (await rowOf(world, instance))!.address!;
      if (world.answers) await world.until(async () => await world.answers!(host, port));
      await Promise.all([world.marketplace.destroy(instance, never), world.marketplace.destroy(instance, never)]);
      await world.until(async () => (await rowOf(world, instance)) === undefined);
      await world.marketplace.destroy(instance, never);
      await world.marketplace.destroy('999999999', never);
      if (world.answers) expect(await world.answers(host, port)).toBe(false);
    });

    test('a machine ends itself with a key that can do nothing else, and leaves the list as if it was destroyed', async () => {
      await using world = await open();
      const { marketplace } = world;
      const instance = await rented(world, 'dumont-t-m1-lab');
      const other = await rented(world, 'dumont-t-m2-lab');
      await world.until(async () => (await rowOf(world, instance))?.status === 'running');
      const call = await marketplace.endCall?.(instance);
      if (!call) return; // it has no such keys
      expect(await marketplace.endCall(instance), 'asked again, it is the same').toEqual(call);
      expect(await marketplace.endCall(other)).not.toEqual(call);
      expect(await marketplace.endCall('999999999')).toBeNull();
      await world.ends?.(call);
      await world.until(async () => (await rowOf(world, instance)) === undefined);
      await listed(world, other);
      expect(await marketplace.endCall(instance)).toBeNull();
      await marketplace.destroy(instance, never);
    });

    test('stops a machine in place and starts it again', async () => {
      await using world = await open();
      const { marketplace } = world;
      if (!marketplace.pauses) return;
      const instance = await rented(world, 'dumont-t-m1-lab');
      await world.until(async () => (await rowOf(world, instance))?.status === 'running');
      const running = await rowOf(world, instance);
      await marketplace.stop(instance, never);
      await world.until(async () => (await rowOf(world, instance))?.status === 'stopped');
      await marketplace.stop(instance, never);
      await marketplace.start(instance, never);
      await world.until(async () => (await rowOf(world, instance))?.status === 'running');
      await marketplace.start(instance, never);
      expect(await rowOf(world, instance)).toMatchObject({ label: running!.label, machine: running!.machine });
    });

    test('bills what was rented, each line under one name for ever, and only what ends later than asked', async () => {
      await using world = await open();
      const { marketplace } = world;
      if (!marketplace.charges) return;
      const instance = await rented(world, 'dumont-t-m1-lab');
      const linesOf = async (since: number) =>
        ((await marketplace.charges?.(since, never)) ?? []).filter((line) => line.instance === instance);
      await world.until(async () => (await linesOf(0)).some(({ micro }) => micro > 0));
      const before = await linesOf(0);
      await marketplace.destroy(instance, never);
      await world.until(async () => (await rowOf(world, instance)) === undefined);
      const after = await linesOf(0);
      expect(new Set(after.map(({ id }) => id)).size).toBe(after.length);
      for (const line of before) {
        const same = after.find(({ id }) => id === line.id);
        expect(same).toMatchObject({ for: line.for, from: line.from });
        expect(same?.micro).toBeGreaterThanOrEqual(line.micro);
      }
      for (const { micro, from, until } of after) {
        expect(Number.isSafeInteger(micro)).toBe(true);
        expect(until).toBeGreaterThanOrEqual(from);
      }
      const end = Math.max(...after.map(({ until }) => until));
      expect((await linesOf(end)).every(({ until }) => until >= end)).toBe(true);
      expect(await linesOf(end + 1)).toEqual([]);
    });

    test('says what is left to spend, or that nothing ends with it', async () => {
      await using world = await open();
      const credit = await world.marketplace.credit?.(never);
      if (credit != null) expect(Number.isSafeInteger(credit)).toBe(true);
    });

    test('what was aborted before does nothing', async () => {
      await using world = await open();
      const { marketplace } = world;
      const instance = await rented(world, 'dumont-t-m1-lab');
      await listed(world, instance);
      const [offer] = await marketplace.offers(world.need, never);
      const reason = new Error('not any more');
      const aborted = AbortSignal.abort(reason);
      let asked = false;
      const ask = async (): Promise<void> => {
        asked = true;
      };
      await expect(marketplace.offers({}, aborted)).rejects.toBe(reason);
      await expect(marketplace.list(aborted)).rejects.toBe(reason);
      await expect(marketplace.rent(offer!, { ...world.order, label: 'x' }, ask, aborted)).rejects.toBe(reason);
      await expect(marketplace.destroy(instance, aborted)).rejects.toBe(reason);
      expect(asked).toBe(false);
      expect((await marketplace.list(never)).map((row) => row.instance)).toEqual([instance]);
    });

    test('an abort while it asks for leave rents nothing', async () => {
      await using world = await open();
      const [offer] = await world.marketplace.offers(world.need, never);
      const stop = new AbortController();
      const leave = async (): Promise<void> => stop.abort(new Error('stopping'));
      const order = { ...world.order, label: 'dumont-t-m1-lab' };
      await expect(world.marketplace.rent(offer!, order, leave, stop.signal)).rejects.toThrow('stopping');
      expect(await world.marketplace.list(never)).toEqual([]);
    });
  });
}

async function failureOf(code: FailureCode, work: Promise<unknown>): Promise<void> {
  await expect(work).rejects.toMatchObject({ name: 'Failure', code });
}
