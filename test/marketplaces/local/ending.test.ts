import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type LocalWorld, localWorld, patience, until } from './local-world.ts';

/** Everything on this computer that knows the folder: processes by their arguments or folders, and mounts of any process. */
function leftOf(folder: string): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => [`${read(pid, 'cmdline')} ${read(pid, 'environ')}`, read(pid, 'mountinfo')])
    .filter((text) => text.includes(folder));
}

function read(pid: string, name: string): string {
  try {
    return readFileSync(join('/proc', pid, name), 'utf8');
  } catch {
    return '';
  }
}

async function busyMachines(world: LocalWorld): Promise<readonly string[]> {
  const machines = await Promise.all([world.machine({}, 0), world.machine({}, 1)]);
  for (const { bash } of machines) {
    await bash(
      "(setsid sleep 6666 >/dev/null 2>&1 &); (trap '' TERM HUP INT; exec setsid sleep 6667 >/dev/null 2>&1 &)",
    );
    await bash(
      'mkdir -p /data/locked/deep && touch /data/locked/deep/file && chmod 500 /data/locked/deep /data/locked',
    );
  }
  return machines.map(({ instance }) => instance);
}

test.runIf(process.platform === 'linux')('a destroyed machine leaves no process, no mount and no folder', async () => {
  const world = await localWorld();
  const instances = await busyMachines(world);
  expect(leftOf(world.folder).length).toBeGreaterThan(0);
  await Promise.all(instances.map(async (instance) => await world.market.destroy(instance, patience())));
  expect(leftOf(world.folder)).toEqual([]);
  expect(readdirSync(join(world.folder, 'market', 'machines'))).toEqual([]);
});

test.runIf(process.platform === 'linux')('so does one that is destroyed while it is being created', async () => {
  const world = await localWorld();
  for (const waitMs of [0, 30, 60, 90, 120, 150, 200]) {
    const instance = await world.rent();
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    await world.market.destroy(instance, patience());
  }
  await until(async () => leftOf(world.folder).length === 0);
  expect(readdirSync(join(world.folder, 'market', 'machines'))).toEqual([]);
  expect(await world.market.list(patience())).toEqual([]);
});

test('ending all ends all, whatever they are told to do, and ends the bill', async () => {
  const world = await localWorld();
  await busyMachines(world);
  const stuck = await world.rent({}, 5);
  for (const mode of ['destroy-fails', 'destroy-lies', 'vanished']) await world.market.misbehave(stuck, mode);
  expect(await world.market.endAll()).toBe(3);
  if (process.platform === 'linux') expect(leftOf(world.folder)).toEqual([]);
  expect(readdirSync(join(world.folder, 'market', 'machines'))).toEqual([]);
  expect((await world.market.bill()).filter(({ until }) => until === null)).toEqual([]);
  expect(await world.market.endAll()).toBe(0);
});

test('a machine that ends itself from inside leaves nothing, and bills until that moment though no engine looks', async () => {
  const world = await localWorld();
  const up = await world.machine();
  const other = await world.rent({}, 1);
  const { url, headers } = (await world.market.endCall(up.instance))!;
  const call = (authorization: string, method = 'POST'): string =>
    `curl -s -o /dev/null -w '%{http_code}' -X ${method} -H 'authorization: ${authorization}' ${url}`;
  expect(await up.bash(call('Bearer no'))).toBe('403');
  expect(await up.bash(call(headers.authorization!, 'DELETE'))).toBe('405');
  expect((await world.row(up.instance))?.status, 'neither of these may end it').toBe('running');

  const before = Date.now();
  expect(await up.bash(call(headers.authorization!)).catch(() => '200')).toBe('200');
  const after = Date.now();
  const later = world.again();
  const bill = (await later.bill()).find(({ instance }) => instance === up.instance);
  expect(bill?.until, 'the bill is closed with the answer').toBeGreaterThanOrEqual(before);
  expect(bill?.until).toBeLessThanOrEqual(after);
  expect((await later.list(patience())).map(({ instance }) => instance)).toEqual([other]);
  await until(async () => !existsSync(join(world.folder, 'market/machines', up.instance)));
  // It removes its folder itself, so its own process is the last thing to go.
  if (process.platform === 'linux')
    await expect
      .poll(() => leftOf(join(world.folder, 'market/machines', up.instance)), { timeout: 10_000 })
      .toEqual([]);
  expect(await later.endCall(up.instance)).toBeNull();
  await later.rent((await later.offers({}, patience()))[0]!, world.order(), async () => undefined, patience());
  expect((await later.bill()).find(({ instance }) => instance === up.instance)?.until).toBe(bill?.until);
});
