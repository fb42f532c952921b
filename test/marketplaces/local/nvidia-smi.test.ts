import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { catalogue } from '../../../engine/marketplaces/local/catalogue.ts';
import { showGpu } from '../../../engine/marketplaces/local/gpu-health.ts';
import { libcuda } from '../../../engine/marketplaces/local/libcuda.ts';
import type { Misbehaviour } from '../../../engine/marketplaces/local/misbehaviours.ts';
import { localWorld } from './local-world.ts';

const SCRIPT = new URL('../../../engine/marketplaces/local/machine/nvidia-smi', import.meta.url);
const card = { ...catalogue('x')[0]!.offer, machine: 'm-1', gpu: 'RTX 4090', gpuCount: 2, vramGb: 24 };

function machineWith(reading: { utilizationPercent: number; memoryUsedMb: number }, ...modes: Misbehaviour[]) {
  const root = mkdtempSync(join(tmpdir(), 'dumont-gpu-'));
  onTestFinished(async () => await rm(root, { recursive: true }));
  mkdirSync(join(root, 'usr/bin'), { recursive: true });
  copyFileSync(SCRIPT, join(root, 'usr/bin/nvidia-smi'));
  showGpu(join(root, 'run/nvidia'), card, reading, modes);
  return async (...argv: string[]): Promise<string> =>
    (await promisify(execFile)('sh', [join(root, 'usr/bin/nvidia-smi'), ...argv])).stdout;
}

const BUSY = { utilizationPercent: 87, memoryUsedMb: 6144 };

test('lists the GPUs', async () => {
  const smi = machineWith(BUSY);
  expect(await smi('-L')).toMatch(/^GPU 0: NVIDIA GeForce RTX 4090 \(UUID: GPU-[0-9a-f-]{36}\)\nGPU 1: .*\)\n$/);
});

test('answers the query that tools make', async () => {
  const smi = machineWith(BUSY);
  const query = '--query-gpu=index,name,uuid,utilization.gpu,memory.used,memory.total,driver_version';
  const rows = (await smi(query, '--format=csv,noheader,nounits')).trim().split('\n');
  expect(rows).toHaveLength(2);
  expect(rows[0]).toMatch(/^0, NVIDIA GeForce RTX 4090, GPU-[0-9a-f-]{36}, 87, 6144, 24576, 580\.95\.05$/);
  expect(await smi('--query-gpu=utilization.gpu,memory.free', '--format=csv', '-i', '1')).toBe(
    'utilization.gpu [%], memory.free [MiB]\n87 %, 18432 MiB\n',
  );
});

test('shows the table', async () => {
  const table = await machineWith(BUSY)();
  expect(table).toContain('Driver Version: 580.95.05');
  expect(table).toMatch(/6144MiB \/ +24576MiB \| +87% /);
  expect(
    new Set(
      table
        .split('\n')
        .filter((line) => line.startsWith('|'))
        .map((line) => line.length),
    ).size,
  ).toBe(1);
});

test.each([
  [['gpu-lost'], 15, 'Unable to determine the device handle for GPU0000:01:00.0: GPU is lost.'],
  [['no-gpu'], 6, 'No devices were found'],
] as const)('%j ends with %i', async (modes, code, words) => {
  await expect(machineWith(BUSY, ...modes)('-L')).rejects.toMatchObject({
    code,
    stdout: expect.stringContaining(words),
  });
});

test('a wrong field or argument is refused', async () => {
  const smi = machineWith(BUSY);
  await expect(smi('--query-gpu=name,colour', '--format=csv')).rejects.toMatchObject({
    code: 2,
    stdout: 'Field "colour" is not a valid field to query.\n',
  });
  await expect(smi('--frobnicate')).rejects.toMatchObject({ code: 1 });
});

test('readings are set from outside while the machine runs, and kept within what the card has', async () => {
  const world = await localWorld();
  const { instance, bash } = await world.machine();
  const read = 'nvidia-smi --query-gpu=utilization.gpu,memory.used --format=csv,noheader,nounits -i 0';
  expect(await bash(`${read}; command -v nvidia-smi`)).toBe('0, 0\n/usr/bin/nvidia-smi');
  await world.market.setGpu(instance, { utilizationPercent: 93, memoryUsedMb: 1_000_000 });
  const total = await bash('nvidia-smi --query-gpu=memory.total --format=csv,noheader,nounits -i 0');
  expect(await bash(read)).toBe(`93, ${total}`);
});

test.runIf(process.arch === 'x64' || process.arch === 'arm64')('libcuda answers as it is told to', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'dumont-cuda-'));
  onTestFinished(async () => await rm(folder, { recursive: true }));
  for (const [modes, code] of [
    [[], 0],
    [['cuda-dead'], 999],
    [['no-gpu'], 100],
  ] as const) {
    showGpu(folder, card, BUSY, modes);
    const ask = `import ctypes; cuda = ctypes.CDLL("${folder}/lib/libcuda.so.1"); n = ctypes.c_int(); print(cuda.cuInit(0), cuda.cuDeviceGetCount(ctypes.byref(n)), n.value)`;
    const { stdout } = await promisify(execFile)('python3', ['-c', ask]);
    expect(stdout.trim()).toBe(`${code} 0 ${modes.includes('no-gpu' as never) ? 0 : 2}`);
  }
  expect(libcuda('mips', { initCode: 0, deviceCount: 1, version: 1 })).toBeNull();
});
