import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { machineFiles } from '../../../engine/marketplaces/local/machine/spec.ts';
import { stopMachine } from '../../../engine/marketplaces/local/machine-process.ts';
import { identify, isAlive } from '../../../engine/marketplaces/local/process-id.ts';
import { sshConnect } from '../../../engine/ssh/connect.ts';
import { localWorld, patience, until } from './local-world.ts';

test('a marketplace that is opened again on its folder knows every machine, and lets us in', async () => {
  const world = await localWorld();
  const { instance, row, bash } = await world.machine();
  await bash('echo kept > /workspace/file');
  await world.market.setGpu(instance, { utilizationPercent: 40, memoryUsedMb: 1000 });

  const again = world.again();
  expect(await again.list(patience())).toEqual([row]);
  expect(await again.machines()).toMatchObject([{ instance, gpu: { utilizationPercent: 40, memoryUsedMb: 1000 } }]);
  expect(await again.bill()).toHaveLength(1);
  await using shell = await world.connect(row.address!, (await world.up(instance)).shell.hostKey, patience());
  expect((await shell.run({ argv: ['cat', '/workspace/file'], timeoutMs: 5_000 }, patience())).stdout).toBe('kept\n');
  await again.destroy(instance, patience());
  expect(await world.market.list(patience())).toEqual([]);
});

test('machines outlive the process that rented them, even when it is killed with all it belongs to', async () => {
  const world = await localWorld();
  const renter = join(world.folder, 'renter.ts');
  await writeFile(renter, rentAndDie(join(world.folder, 'market'), world.key.publicKey));
  const child = spawn(process.execPath, [renter], { detached: true, stdio: 'inherit' });
  expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
  const [row] = await world.market.list(patience());
  expect(row).toMatchObject({ label: 'orphan' });
  const { bash } = await world.up(row!.instance);
  expect(await bash('hostname')).toBe(row!.instance);
  await world.market.destroy(row!.instance, patience());
  expect(await world.market.list(patience())).toEqual([]);
});

test('a process that only has the number of a machine is neither taken for it nor ended', async () => {
  const world = await localWorld();
  const instance = await world.rent();
  await world.up(instance);
  const files = machineFiles(join(world.folder, 'market', 'machines', instance));
  const state = JSON.parse(await readFile(files.state, 'utf8'));

  await stopMachine(files);
  const bystander = execFile('sleep', ['60']);
  onTestFinished(() => void bystander.kill());
  const stranger = identify(bystander.pid!)!;
  const impostor = { pid: stranger.pid, startedAt: state.process.startedAt };
  await writeFile(files.process, JSON.stringify(impostor));
  await writeFile(files.state, JSON.stringify({ ...state, process: impostor, init: impostor, phase: 'running' }));

  expect((await world.row(instance))?.status).toBe('exited');
  await world.market.destroy(instance, patience());
  expect(isAlive(stranger)).toBe(true);
});

test('a machine whose process was killed is listed as exited, and everything in it is over', async () => {
  const world = await localWorld();
  const { instance, bash } = await world.machine();
  await bash('(setsid sleep 4444 >/dev/null 2>&1 &)');
  const { process: own, init } = JSON.parse(
    await readFile(machineFiles(join(world.folder, 'market', 'machines', instance)).state, 'utf8'),
  );
  process.kill(own.pid, 'SIGKILL');
  await until(async () => (await world.row(instance))?.status === 'exited');
  if (init) await until(async () => !isAlive(init));
});

test('a machine that exited is started again, with its disk', async () => {
  const world = await localWorld();
  const { instance, bash } = await world.machine();
  await bash('echo kept > /root/file');
  const { process: own } = JSON.parse(
    await readFile(machineFiles(join(world.folder, 'market', 'machines', instance)).state, 'utf8'),
  );
  process.kill(own.pid, 'SIGKILL');
  await until(async () => (await world.row(instance))?.status === 'exited');
  await world.market.start(instance, patience());
  expect(await (await world.up(instance)).bash('cat /root/file')).toBe('kept');
});

test('a stopped machine keeps its disk, loses its processes, and costs only its disk until it starts again', async () => {
  let now = 1_000_000;
  const world = await localWorld({ now: () => now });
  const { instance, bash, row, shell } = await world.machine({ diskGb: 50 });
  await bash('echo kept > /root/file; (setsid sleep 4545 >/dev/null 2>&1 &)');
  now += 3_600_000;
  await world.market.stop(instance, patience());
  expect(await world.row(instance)).toMatchObject({ status: 'stopped', address: null, dollarsPerHour: 0.01 });
  now += 3_600_000;
  await world.market.start(instance, patience());
  const again = await world.up(instance);
  expect(again.shell.hostKey).toBe(shell.hostKey);
  expect(await again.bash('cat /root/file; pgrep -x sleep || echo none')).toBe('kept\nnone');
  now += 3_600_000;
  await world.market.destroy(instance, patience());
  const [charge] = await world.market.bill();
  expect(charge?.micro).toBeCloseTo((2 * row.dollarsPerHour + 0.01) * 1_000_000, -1);
});

test('a machine is listed although the clock was set back since it began', async () => {
  let now = 1_000_000;
  const world = await localWorld({ now: () => now });
  const instance = await world.rent({ label: 'one' });
  now -= 480_000;
  expect(await world.row(instance)).toMatchObject({ instance, label: 'one' });
  await world.market.destroy(instance, patience());
  expect(await world.row(instance)).toBe(undefined);
});

test('the bill keeps every rental, from creation to its end, with its rate', async () => {
  let now = 1_000_000;
  const world = await localWorld({ now: () => now });
  const first = await world.rent({ label: 'one' });
  const rate = (await world.row(first))!.dollarsPerHour;
  now += 1_800_000;
  await world.market.destroy(first, patience());
  now += 86_400_000; // long enough to be moved out of the account into the books
  const second = await world.rent({ label: 'two' });
  now += 60_000;
  expect(await world.again().bill()).toEqual([
    { instance: first, label: 'one', from: 1_000_000, until: 2_800_000, micro: Math.round(rate * 500_000) },
    { instance: second, label: 'two', from: 88_200_000 + 1_000_000, until: null, micro: expect.any(Number) },
  ]);
});

test('a folder keeps the seed it began with', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'dumont-seed-'));
  onTestFinished(async () => await rm(folder, { recursive: true }));
  const world = await localWorld({ seed: 'first' });
  const instance = await world.rent();
  const others = await world.again({ seed: 'second' }).offers({}, patience());
  await world.market.destroy(instance, patience());
  const mine = await world.market.offers({}, patience());
  expect(others.map(({ host }) => host)).toEqual(
    mine.filter(({ machine }) => others.some((other) => other.machine === machine)).map(({ host }) => host),
  );
});

test('the key of one engine does not open the machines of another', async () => {
  const world = await localWorld();
  const other = await localWorld();
  const { row } = await world.machine();
  await expect(sshConnect(other.key.privateKey)(row.address!, null, patience())).rejects.toMatchObject({
    code: 'ssh_refused',
    facts: { why: 'it does not accept our key' },
  });
});

/** A program that rents a machine and is killed right after. It is to lead a group of its own. */
function rentAndDie(folder: string, publicKey: string): string {
  const local = new URL('../../../engine/marketplaces/local/local.ts', import.meta.url).href;
  const order = {
    label: 'orphan',
    image: '',
    diskGb: 1,
    publicKeys: [publicKey],
    bootScript: '',
    bootConfig: '',
    environment: {},
    ports: [],
  };
  return `
import { localMarketplace } from '${local}';
const market = localMarketplace({ folder: ${JSON.stringify(folder)}, bootMs: 0 });
const never = new AbortController().signal;
const [offer] = await market.offers({}, never);
await market.rent(offer, ${JSON.stringify(order)}, async () => {}, never);
process.kill(0, 'SIGKILL'); // everything in its group, as Ctrl-C does
`;
}
