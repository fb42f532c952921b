import { mkdtempSync, writeFileSync } from 'node:fs';
import { copyFile, mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { type Gpu, openGpu } from '../../../engine/agent/signs/gpu.ts';
import { gpuLine } from '../../../engine/agent/signs/gpu-readings.ts';
import { handTiming } from './bench.ts';

/** `script` in the place of nvidia-smi. Each line that it prints must come at once. */
async function gpuWith(script: string | null): Promise<Gpu & ReturnType<typeof handTiming> & { folder: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'dumont-gpu-'));
  onTestFinished(async () => await rm(folder, { recursive: true, force: true }));
  const program = join(folder, 'nvidia-smi');
  if (script !== null) writeFileSync(program, `#!/bin/sh\ncd ${folder}\n${script}\n`, { mode: 0o755 });
  const timing = handTiming();
  const gpu = openGpu(program, timing);
  onTestFinished(() => gpu[Symbol.dispose]());
  return Object.assign(gpu, timing, { folder });
}

async function until<T>(look: () => T, wanted: (seen: T) => boolean): Promise<T> {
  for (let tries = 0; tries < 500; tries++) {
    const seen = look();
    if (wanted(seen)) return seen;
    await sleep(10);
  }
  return look();
}

const STAYS = 'exec sleep 1000';
const known = (gpu: Gpu) =>
  until(
    () => gpu.busy(),
    ({ value }) => value !== null,
  );
const failed = (gpu: Gpu) =>
  until(
    () => gpu.busy(),
    ({ say }) => !say.includes('not said anything'),
  );

test('the busiest GPU counts, and how far the memory of all of them moved', async () => {
  const gpu = await gpuWith(
    `echo 0, 12, 1000; echo 1, 80, 500; echo 0, 14, 1200; echo 1, 60, 400; touch said; ${STAYS}`,
  );
  await until(
    () => gpu.memoryMoved().value,
    (value) => value !== null,
  );
  await sleep(50);
  expect(gpu.busy()).toEqual({ value: 70, lastAt: null, say: '2 GPUs', absent: false });
  expect(gpu.busy().value, 'what was said last, while there is nothing newer').toBe(60);
});

test('memory that moved between two readings counts in the later one', async () => {
  const gpu = await gpuWith(`echo 0, 0, 1000; while ! [ -e go ]; do sleep 0.02; done; echo 0, 0, 1300; ${STAYS}`);
  await known(gpu);
  expect(gpu.memoryMoved().value).toBe(0);
  writeFileSync(join(gpu.folder, 'go'), '');
  expect(
    await until(
      () => gpu.memoryMoved().value,
      (value) => value !== 0,
    ),
  ).toBe(300);
});

test('a GPU that is shared out does not tell, which is not the same as idle', async () => {
  const gpu = await gpuWith(`echo '0, [N/A], 1000'; ${STAYS}`);
  const said = await until(
    () => gpu.busy(),
    ({ say }) => say.includes('does not tell'),
  );
  expect(said).toMatchObject({ value: null, absent: false, say: 'a GPU does not tell how busy it is' });
  expect(gpu.memoryMoved()).toMatchObject({ value: 0 });
});

test('another one that is busy is reason enough', async () => {
  const gpu = await gpuWith(`echo '0, [N/A], 1000'; echo 1, 30, 10; ${STAYS}`);
  expect(await known(gpu)).toMatchObject({ value: 30 });
});

test.each<[string, string | null, boolean, RegExp]>([
  ['no program', null, true, /^there is no .*nvidia-smi$/],
  ['no devices', 'echo "No devices were found"; exit 6', true, /^No devices were found$/],
  ['no devices, on stderr', 'echo "No devices were found" >&2; exit 6', true, /^No devices were found$/],
  [
    'no driver',
    'echo "NVIDIA-SMI has failed because it couldn\'t communicate"; exit 9',
    false,
    /^nvidia-smi ended with 9: NVIDIA-SMI has failed/,
  ],
  [
    'lost',
    'echo "Unable to determine the device handle: GPU is lost."; exit 15',
    false,
    /^nvidia-smi ended with 15: Unable/,
  ],
  ['killed', 'kill -9 $$', false, /^nvidia-smi ended with SIGKILL$/],
])('%s', async (_what, script, absent, say) => {
  const gpu = await gpuWith(script);
  expect(await failed(gpu)).toMatchObject({ value: null, absent, say: expect.stringMatching(say) });
  expect(gpu.memoryMoved()).toMatchObject({ value: null, say: expect.stringMatching(say) });
});

test('one that ends is started again, later each time', async () => {
  const gpu = await gpuWith(`echo x >> starts; [ -e well ] || exit 9; echo 0, 55, 1; ${STAYS}`);
  await failed(gpu);
  gpu.beat();
  expect(gpu.pids(), 'not at once').toEqual([]);
  gpu.pass(5_000);
  gpu.beat();
  expect(gpu.pids()).toHaveLength(1);
  await until(
    () => gpu.pids(),
    (pids) => pids.length === 0,
  );
  writeFileSync(join(gpu.folder, 'well'), '');
  gpu.pass(5_000);
  gpu.beat();
  expect(gpu.pids(), 'the second time it takes longer').toEqual([]);
  gpu.pass(5_000);
  gpu.beat();
  expect(await known(gpu)).toMatchObject({ value: 55 });
});

test('one that hangs is unknown, and one that keeps its words back is asked for each look', async () => {
  const gpu = await gpuWith(`case "$*" in *--loop*) ${STAYS};; esac; echo 0, 33, 1`);
  gpu.pass(31_000);
  expect(gpu.busy()).toMatchObject({ value: null, absent: false, say: 'nvidia-smi says nothing' });
  gpu.beat();
  expect(gpu.pids()).toEqual([]);
  gpu.pass(5_000);
  gpu.beat();
  expect(await known(gpu)).toMatchObject({ value: 33 });
});

test('what was said long ago says nothing about now', async () => {
  const gpu = await gpuWith(`echo 0, 99, 1; ${STAYS}`);
  await known(gpu);
  gpu.pass(31_000);
  expect(gpu.busy()).toMatchObject({ value: null, say: 'nvidia-smi says nothing' });
});

test('the local marketplace answers as it is asked', async () => {
  const gpu = await gpuWith('while ! [ -e usr/bin/nvidia-smi ]; do sleep 0.02; done; exec sh usr/bin/nvidia-smi "$@"');
  for (const folder of ['usr/bin', 'run/nvidia']) await mkdir(join(gpu.folder, folder), { recursive: true });
  const row = (index: number, busy: number) => `${index}|NVIDIA H100|GPU-${index}|${busy}|2048|81920|580.95.05\n`;
  writeFileSync(join(gpu.folder, 'run/nvidia/readings'), `ok\n${row(0, 4)}${row(1, 91)}`);
  const script = new URL('../../../engine/marketplaces/local/machine/nvidia-smi', import.meta.url);
  await copyFile(script, join(gpu.folder, 'usr/bin/nvidia-smi'));
  expect(
    await until(
      () => gpu.busy(),
      ({ value }) => value === 91,
    ),
  ).toMatchObject({ value: 91, say: '2 GPUs' });
});

test.each([
  ['0, 87, 6144', { gpu: 0, busyPercent: 87, memoryMb: 6144 }],
  ['3, [N/A], 10', { gpu: 3, busyPercent: null, memoryMb: 10 }],
  ['0, [Not Supported], [Not Supported]', { gpu: 0, busyPercent: null, memoryMb: null }],
  ['0, [GPU is lost], [Unknown Error]', { gpu: 0, busyPercent: null, memoryMb: null }],
  ['No devices were found', null],
  ['index, utilization.gpu [%], memory.used [MiB]', null],
  ['', null],
])('the line %j', (line, read) => {
  expect(gpuLine(line)).toEqual(read);
});
