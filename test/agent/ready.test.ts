import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { AgentEvent, ReadyOrder } from '../../engine/domain/agent-protocol.ts';
import { type CudaAnswers, libcuda } from '../../engine/marketplaces/local/libcuda.ts';
import { follow } from './machine.ts';
import { agentProgram } from './which-agent.ts';

const folder = mkdtempSync(join(tmpdir(), 'dumont-ready-'));
const server = createServer((request, response) => {
  if (request.url === '/big') response.end(Buffer.alloc(4_000_000));
  else if (request.url === '/small') response.end('small');
  else if (request.url === '/trickle') trickle();
  else response.writeHead(403).end();
  function trickle(): void {
    const timer = setInterval(() => response.write(Buffer.alloc(60_000)), 20);
    response.on('close', () => clearInterval(timer));
  }
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const url = (path: string): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}/${path}`;
afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

type Check = Extract<AgentEvent, { event: 'ready' }>['checks'][number];

async function checks(
  more: Partial<ReadyOrder>,
  programs: Readonly<Record<string, string>> = {},
): Promise<Record<string, Check>> {
  const bin = mkdtempSync(join(folder, 'bin-'));
  for (const [name, text] of Object.entries(programs))
    writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  mkdirSync(join(folder, 'root'), { recursive: true });
  const order: ReadyOrder = {
    protocol: 1,
    workspace: 'lab',
    machine: 'm1',
    verb: 'ready',
    now: Date.now(),
    gpuCount: 0,
    probe: null,
    clockSkewMs: 120_000,
    ...more,
  };
  const args = [agentProgram, 'ready', '--root', join(folder, 'root'), '--home', join(folder, 'home')];
  const child = spawn(process.execPath, args, {
    env: { PATH: `${bin}:/bin:/usr/bin` },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const agent = follow(child, order);
  const ready = await agent.until('ready');
  expect(await agent.ended).toBe(0);
  return Object.fromEntries(ready.checks.map((check) => [check.name, check]));
}

const SMI = 'echo "NVIDIA H100 80GB HBM3, 81559 MiB, 570.86"; echo "NVIDIA H100 80GB HBM3, 81559 MiB, 570.86"';

test.concurrent('a good machine is found good', async () => {
  const said = await checks(
    { gpuCount: 2, probe: { url: url('big'), mbpsMin: 1 } },
    { 'nvidia-smi': SMI, python3: 'echo 0 2' },
  );
  expect(Object.values(said).map((check) => [check.name, check.ok])).toEqual([
    ['gpu', true],
    ['disk', true],
    ['clock', true],
    ['storage', true],
  ]);
  expect(said.gpu!.say).toBe('2 x NVIDIA H100 80GB HBM3, 81559 MiB, 570.86; CUDA starts and copies on 2');
  expect(said.disk!.say).toMatch(/^\d+ MB\/s written and synced$/);
  expect(said.storage!.say).toMatch(/^storage comes at \d+ Mbit\/s$/);
});

test.concurrent.each<[what: string, gpuCount: number, programs: Record<string, string>, ok: boolean, say: RegExp]>([
  ['too few', 3, { 'nvidia-smi': SMI }, false, /^2 of 3 GPUs are there$/],
  [
    'no driver',
    1,
    { 'nvidia-smi': 'echo "No devices were found" >&2; exit 6' },
    false,
    /^nvidia-smi: No devices were found$/,
  ],
  ['no nvidia-smi', 1, {}, false, /^nvidia-smi: there is no nvidia-smi$/],
  ['dead', 2, { 'nvidia-smi': SMI, python3: 'echo 999 0' }, false, /CUDA does not start \(error 999\)$/],
  ['partly dead', 2, { 'nvidia-smi': SMI, python3: 'echo 0 1' }, false, /CUDA starts and copies on 1$/],
  [
    'without memory',
    2,
    { 'nvidia-smi': SMI, python3: 'echo 2 2 GPU 1 gives no memory' },
    false,
    /, but GPU 1 gives no memory \(error 2\)$/,
  ],
  ['no libcuda', 2, { 'nvidia-smi': SMI, python3: 'echo no libcuda' }, true, /CUDA not tried: there is no libcuda$/],
  ['none wanted', 0, {}, true, /^none is wanted$/],
])('GPUs: %s', async (_what, gpuCount, programs, ok, say) => {
  const { gpu } = await checks({ gpuCount }, programs);
  expect(gpu).toMatchObject({ ok, say: expect.stringMatching(say) });
});

test.concurrent('the question to CUDA is one that python understands', async () => {
  const here = execFileSync('python3', ['-c', 'import ctypes; print(ctypes.c_int(3).value)'], { encoding: 'utf8' });
  expect(here.trim()).toBe('3');
  const { gpu } = await checks({ gpuCount: 2 }, { 'nvidia-smi': SMI });
  expect(gpu!.say).toMatch(/CUDA (not tried: there is no libcuda|starts|does not start)/);
});

test.runIf(process.arch === 'x64').each<[string, Partial<CudaAnswers>, boolean, RegExp]>([
  ['starts, takes a megabyte and gives it back', {}, true, /CUDA starts and copies on 2$/],
  ['does not start', { initCode: 999 }, false, /, but CUDA does not start \(error 999\)$/],
  ['loses what is put there', { forgets: true }, false, /, but GPU 0 gives other data back \(error -1\)$/],
])('a driver that %s', async (_what, answers, ok, say) => {
  const lib = mkdtempSync(join(folder, 'lib-'));
  const all = { initCode: 0, deviceCount: 2, version: 13_000, ...answers };
  writeFileSync(join(lib, 'libcuda.so.1'), libcuda(process.arch, all)!, { mode: 0o755 });
  const python = execFileSync('sh', ['-c', 'command -v python3'], { encoding: 'utf8' }).trim();
  const { gpu } = await checks(
    { gpuCount: 2 },
    { 'nvidia-smi': SMI, python3: `LD_LIBRARY_PATH=${lib} exec ${python} "$@"` },
  );
  expect(gpu).toMatchObject({ ok, say: expect.stringMatching(say) });
});

test.concurrent.each([
  ['behind', 10 * 60_000],
  ['ahead', -10 * 60_000],
])('a clock that is %s', async (word, byMs) => {
  const { clock } = await checks({ now: Date.now() + byMs });
  expect(clock).toMatchObject({ ok: false, say: expect.stringContaining(word) });
});

test.concurrent.each([
  ['small', true, /^storage answers; 5 bytes tell no speed$/],
  ['trickle', false, /^storage comes at \d+ Mbit\/s$/],
  ['refused', false, /^storage answers HTTP 403$/],
])('storage: %s', async (path, ok, say) => {
  const { storage } = await checks({ probe: { url: url(path), mbpsMin: 500 } });
  expect(storage).toMatchObject({ ok, say: expect.stringMatching(say) });
});

test.concurrent('storage that is not there is said to be so', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as AddressInfo;
  await new Promise((resolve) => other.close(resolve));
  const { storage } = await checks({ probe: { url: `http://127.0.0.1:${port}/`, mbpsMin: 1 } });
  expect(storage).toMatchObject({ ok: false, say: expect.stringContaining('ECONNREFUSED') });
});
