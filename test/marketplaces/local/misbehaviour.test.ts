import { expect, test } from 'vitest';
import { isFailure } from '../../../engine/domain/failures.ts';
import { canSlowDown } from '../../../engine/marketplaces/local/machine/slowness.ts';
import { localWorld, patience, until } from './local-world.ts';

const gladly = async (): Promise<void> => undefined;

test('stuck loading, until it is let go', async () => {
  const world = await localWorld();
  const [offer] = await world.market.offers({}, patience());
  await world.market.misbehave(offer!.machine, 'stuck-loading');
  const instance = await world.rent();
  await until(async () => (await world.row(instance))?.statusMessage === 'pulling the image');
  expect(await world.row(instance)).toMatchObject({ status: 'loading', address: null });
  await world.market.misbehave(offer!.machine, null);
  await world.up(instance);
});

test('its container exits, and it goes on billing', async () => {
  const world = await localWorld();
  const { instance, shell } = await world.machine();
  const lost = shell.run({ argv: ['sleep', '60'], timeoutMs: 60_000 }, patience()).catch((cause) => cause);
  await world.market.misbehave(instance, 'exits');
  await until(async () => (await world.row(instance))?.status === 'exited');
  expect(await world.row(instance)).toMatchObject({ statusMessage: 'its container exited', address: null });
  expect(isFailure(await lost, 'ssh_lost')).toBe(true);
  expect((await world.market.bill())[0]?.until).toBeNull();
});

test('running, with an address, but SSH is refused', async () => {
  const world = await localWorld();
  const { instance, row } = await world.machine();
  await world.market.misbehave(instance, 'ssh-refused');
  expect(await world.row(instance)).toEqual(row);
  await expect(world.connect(row.address!, null, patience())).rejects.toMatchObject({ code: 'ssh_refused' });
  await world.market.misbehave(instance, null);
  const again = await world.up(instance);
  expect(again.row.address).toEqual(row.address);
});

test('vanishes from the list, is silent, and comes back as it was, with what ran in it', async () => {
  const world = await localWorld();
  const { instance, row, bash, shell } = await world.machine();
  const pid = await bash('setsid sleep 5555 >/dev/null 2>&1 & echo $!');
  await world.market.misbehave(instance, 'vanished');
  expect(await world.row(instance)).toBeUndefined();
  await expect(world.connect(row.address!, null, patience())).rejects.toMatchObject({ code: 'ssh_refused' });
  expect((await world.market.machines())[0]).toMatchObject({ instance, misbehaving: 'vanished' });
  await world.market.misbehave(instance, null);
  const again = await world.up(instance);
  expect(again.row).toEqual(row);
  expect(again.shell.hostKey).toBe(shell.hostKey);
  expect(await again.bash(`ps -o args= -p ${pid}`)).toBe('sleep 5555');
});

test('a GPU dies: off the bus, not found, or CUDA does not start', async () => {
  const world = await localWorld();
  const { instance, shell, bash } = await world.machine();
  const smi = async () => await shell.run({ argv: ['nvidia-smi', '-L'], timeoutMs: 5_000 }, patience());
  const cuda = async () => await bash(`python3 -c "import ctypes; print(ctypes.CDLL('libcuda.so.1').cuInit(0))"`);
  expect((await smi()).code).toBe(0);
  expect(await cuda()).toBe('0');

  await world.market.misbehave(instance, 'gpu-lost');
  expect(await smi()).toMatchObject({
    code: 15,
    stdout: expect.stringContaining('Unable to determine the device handle'),
  });
  expect(await cuda()).toBe('100');
  await world.market.misbehave(instance, null);

  await world.market.misbehave(instance, 'no-gpu');
  expect(await smi()).toMatchObject({ code: 6, stdout: 'No devices were found\n' });
  await world.market.misbehave(instance, null);

  await world.market.misbehave(instance, 'cuda-dead');
  expect((await smi()).code).toBe(0);
  expect(await cuda()).toBe('999');
  await world.market.misbehave(instance, null);
  expect(await cuda()).toBe('0');
});

test.skipIf(!canSlowDown())('everything takes far longer on a slow disk, and is left whole', async () => {
  const world = await localWorld();
  const { instance, bash } = await world.machine();
  const write = 'dd if=/dev/zero of=/data/f bs=64k count=100 iflag=fullblock conv=fsync 2>/dev/null; wc -c < /data/f';
  const once = async (): Promise<number> => {
    const began = performance.now();
    expect(await bash(`${write}; ${write}; ${write}`)).toBe('6553600\n6553600\n6553600');
    return performance.now() - began;
  };
  /** The better of two, since others use this computer too. */
  const timed = async (): Promise<number> => Math.min(await once(), await once());
  const quick = await timed();
  await world.market.misbehave(instance, 'slow-disk');
  const slow = await timed();
  expect(slow).toBeGreaterThan(quick * 2);
  await world.market.misbehave(instance, null);
  expect(await timed()).toBeLessThan(slow / 2);
  await world.market.misbehave(instance, 'slow-disk');
  await world.market.destroy(instance, patience());
  expect(await world.market.list(patience())).toEqual([]);
});

test('a create that fails and bills all the same', async () => {
  const world = await localWorld();
  await world.market.misbehave('market', 'create-bills');
  await expect(world.rent({ label: 'dumont-a-b-c' })).rejects.toMatchObject({ code: 'marketplace_down' });
  expect(await world.market.list(patience())).toMatchObject([{ label: 'dumont-a-b-c' }]);
  expect(await world.market.bill()).toHaveLength(1);
});

test('a create whose answer comes too late leaves a machine', async () => {
  const world = await localWorld();
  await world.market.misbehave('market', 'create-late');
  const [offer] = await world.market.offers({}, patience());
  const stop = new AbortController();
  const reason = new Error('too late');
  const renting = world.market.rent(offer!, world.order(), gladly, stop.signal);
  await until(async () => (await world.market.list(patience())).length === 1);
  stop.abort(reason);
  await expect(renting).rejects.toBe(reason);
  expect(await world.market.list(patience())).toHaveLength(1);

  const quick = await localWorld({ timeScale: 1_000 });
  await quick.market.misbehave('market', 'create-late');
  await quick.up(await quick.rent());
});

test.each([
  ['offer-taken', 'offer_taken'],
  ['create-refused', 'marketplace_refused'],
  ['no-credit', 'no_credit'],
])('%s promises that nothing was rented', async (mode, code) => {
  const world = await localWorld();
  const [offer] = await world.market.offers({}, patience());
  await world.market.misbehave(mode === 'no-credit' ? 'market' : offer!.id, mode);
  await expect(world.rent()).rejects.toMatchObject({ code });
  expect(await world.market.list(patience())).toEqual([]);
  expect(await world.market.bill()).toEqual([]);
});

test('an offer that somebody else took comes back under another name', async () => {
  const world = await localWorld();
  const [offer] = await world.market.offers({}, patience());
  await world.market.misbehave(offer!.id, 'offer-taken');
  await expect(world.rent()).rejects.toMatchObject({ code: 'offer_taken' });
  const again = (await world.market.offers({}, patience())).find(({ machine }) => machine === offer!.machine);
  expect(again!.id).not.toBe(offer!.id);
  await world.market.rent(again!, world.order(), gladly, patience());
});

test('a destroy that is refused, and one that only says it did', async () => {
  const world = await localWorld();
  const { instance, bash } = await world.machine();
  await world.market.misbehave(instance, 'destroy-fails');
  await expect(world.market.destroy(instance, patience())).rejects.toMatchObject({ code: 'marketplace_down' });
  await world.market.misbehave(instance, null);
  await world.market.misbehave(instance, 'destroy-lies');
  await world.market.destroy(instance, patience());
  expect(await world.row(instance)).toMatchObject({ status: 'running' });
  expect(await bash('echo alive')).toBe('alive');
  await world.market.misbehave(instance, null);
  await world.market.destroy(instance, patience());
  expect(await world.row(instance)).toBeUndefined();
});

test('lists that fail, and lists that lag', async () => {
  let now = 1_000_000;
  const world = await localWorld({ now: () => now });
  await world.market.misbehave('market', 'lists-fail');
  await expect(world.market.list(patience())).rejects.toMatchObject({ code: 'marketplace_down' });
  await expect(world.market.offers({}, patience())).rejects.toMatchObject({ code: 'marketplace_down' });
  await world.market.misbehave('market', null);

  await world.market.misbehave('market', 'lists-lag');
  const instance = await world.rent();
  expect(await world.market.list(patience())).toEqual([]);
  now += 20_001;
  expect(await world.market.list(patience())).toHaveLength(1);
  await world.market.destroy(instance, patience());
  expect(await world.market.list(patience())).toHaveLength(1);
  now += 20_001;
  expect(await world.market.list(patience())).toEqual([]);
});

test('by probability it meets some and spares others, the same ones every time', async () => {
  const world = await localWorld();
  await world.market.misbehave('market', 'create-refused', 0.5);
  const offers = await world.market.offers({}, patience());
  const outcomes: boolean[] = [];
  for (const offer of offers.slice(0, 12)) {
    const again = world.again();
    const refused = await Promise.all(
      [world.market, again].map(async (market) => {
        const thrown = await market
          .rent(offer, world.order({ diskGb: 1e9 }), gladly, patience())
          .catch((cause) => cause);
        return String(thrown.message).includes('does not rent');
      }),
    );
    expect(refused[0]).toBe(refused[1]);
    outcomes.push(refused[0]!);
  }
  expect(outcomes).toContain(true);
  expect(outcomes).toContain(false);
});

test('a limit on how often one may call is kept, and the wait comes before leave is asked', async () => {
  const world = await localWorld({ paceMs: { create: 80 } });
  const offers = await world.market.offers({}, patience());
  const left: number[] = [];
  const began = performance.now();
  const depart = async (): Promise<void> => void left.push(performance.now());
  await Promise.all(
    offers.slice(0, 3).map(async (offer) => await world.market.rent(offer, world.order(), depart, patience())),
  );
  // From the start, since a busy computer may hold one of them up, and then the next is not late.
  expect(left[1]! - began).toBeGreaterThan(75);
  expect(left[2]! - began).toBeGreaterThan(155);
});

test('a lever that does not exist is named, with those that do', async () => {
  const world = await localWorld();
  await expect(world.market.misbehave('market', 'explodes')).rejects.toThrow('vanished');
  await expect(world.market.misbehave('nobody', 'vanished')).rejects.toThrow('"nobody"');
  await expect(world.market.setGpu('nobody', { utilizationPercent: 1, memoryUsedMb: 1 })).rejects.toThrow('"nobody"');
});
