import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import type { Reading } from '../../../engine/domain/heartbeat.ts';
import { type JupyterStandin, openJupyterStandin } from '../../standins/jupyter.ts';
import { type Bench, bench, handTiming } from './bench.ts';

/** A machine with a server on it, and what is read of it after one more look. */
async function served(): Promise<World> {
  const machine = bench();
  const pid = Number(await machine.run('sleep 1000 & echo $!'));
  const runtime = join(machine.place.root, 'root/.local/share/jupyter/runtime');
  const server = await openJupyterStandin(runtime, pid);
  onTestFinished(async () => await server[Symbol.asyncDispose]());
  const timing = handTiming();
  const signs = machine.open({ timing });
  return {
    machine,
    server,
    timing,
    async look(wanted) {
      timing.pass(15_000);
      timing.beat();
      return await until(() => signs.reading().jupyterKernelsBusy, wanted);
    },
  };
}

interface World {
  readonly machine: Bench;
  readonly server: JupyterStandin;
  readonly timing: ReturnType<typeof handTiming>;
  look(wanted: (reading: Reading) => boolean): Promise<Reading>;
}

async function until(look: () => Reading, wanted: (reading: Reading) => boolean): Promise<Reading> {
  for (let tries = 0; tries < 500 && !wanted(look()); tries++) await sleep(10);
  return look();
}

const T = Date.parse('2026-11-21T15:02:51.949Z');

test('busy kernels are counted, and when one was last used is told', async () => {
  const { server, look } = await served();
  server.kernels.push({ state: 'busy', lastAt: T }, { state: 'idle', lastAt: T + 5 }, { state: 'starting', lastAt: 0 });
  expect(await look(({ value }) => value === 1)).toEqual({ value: 1, lastAt: T + 5, say: '3 kernels on 1 servers' });
  server.kernels[0]!.state = 'idle';
  expect(await look(({ value }) => value === 0)).toMatchObject({ value: 0, lastAt: T + 5 });
});

test('it is asked at most every fifteen seconds, and not so that it looks like work', async () => {
  const { server, look, timing } = await served();
  await look(({ value }) => value === 0);
  for (let n = 0; n < 2; n++) {
    timing.pass(5_000);
    timing.beat();
  }
  await sleep(50);
  expect(server.asked).toEqual(['GET /api/kernels?no_track_activity=1']);
});

test('one that refuses its token is unknown, and is left alone for a while', async () => {
  const { server, look } = await served();
  server.mode = 'refuses';
  const why = 'Jupyter: it refuses its own token (HTTP 403)';
  expect(await look(({ say }) => say === why)).toEqual({ value: null, lastAt: null, say: why });
  await look(() => true);
  await sleep(50);
  expect(server.asked).toHaveLength(1);
});

test('one that hangs becomes unknown', async () => {
  const { server, look } = await served();
  server.kernels.push({ state: 'idle', lastAt: T });
  await look(({ value }) => value === 0);
  server.mode = 'hangs';
  await look(() => true);
  const said = await look(({ value }) => value === null);
  expect(said).toEqual({ value: null, lastAt: T, say: 'Jupyter: it does not answer' });
});

test('one that answers nonsense is unknown', async () => {
  const { server, look } = await served();
  server.mode = 'broken';
  expect(await look(({ say }) => say.includes('JSON'))).toMatchObject({ value: null });
});

test('one that was killed leaves its file behind, and that is no server', async () => {
  const { machine, server, look } = await served();
  server.kernels.push({ state: 'busy', lastAt: T });
  expect(await look(({ value }) => value === 1)).toMatchObject({ value: 1 });
  await machine.run('kill -9 %1; wait');
  expect(await look(({ value }) => value === 0)).toEqual({ value: 0, lastAt: T, say: '' });
  expect(existsSync(server.file)).toBe(true);
});

const real = realJupyter();
if (real === null)
  console.warn('SKIPPED: no jupyter-server here (or in DUMONT_TEST_JUPYTER), so only a stand-in is tried');

test.skipIf(real === null)('a real server: a kernel that sleeps is busy, and asking is no activity', async () => {
  const machine = bench();
  const runtime = join(machine.place.root, 'elsewhere');
  await machine.run(
    `mkdir elsewhere; JUPYTER_RUNTIME_DIR=${runtime} ${real} --allow-root --no-browser --port 0 ` +
      `--ServerApp.root_dir=${machine.place.root} < /dev/null > jupyter.log 2>&1 &`,
  );
  const file = await found(() => readdirSync(runtime).find((name) => /^jpserver-\d+\.json$/.test(name)));
  const server = JSON.parse(readFileSync(join(runtime, file), 'utf8')) as { url: string; token: string };
  const call = async (path: string, method = 'GET'): Promise<unknown> => {
    const url = new URL(path, server.url.replace('localhost', '127.0.0.1'));
    const reply = await fetch(url, { method, headers: { Authorization: `token ${server.token}` } });
    return await reply.json();
  };
  const timing = handTiming();
  const signs = machine.open({ timing });
  const look = async (wanted: (reading: Reading) => boolean): Promise<Reading> =>
    await until(() => {
      timing.pass(15_000);
      timing.beat();
      return signs.reading().jupyterKernelsBusy;
    }, wanted);

  expect(await look(({ say }) => say.includes('1 servers'))).toMatchObject({ value: 0, lastAt: null });
  const { last_activity: before } = (await call('api/status')) as { last_activity: string };
  for (let n = 0; n < 3; n++) await look(() => true);
  expect(await call('api/status')).toMatchObject({ last_activity: before });

  const kernel = (await call('api/kernels', 'POST')) as { id: string };
  const socket = new WebSocket(
    `${server.url.replace('http', 'ws').replace('localhost', '127.0.0.1')}api/kernels/${kernel.id}/channels?token=${server.token}`,
  );
  onTestFinished(() => socket.close());
  await new Promise((resolve) => socket.addEventListener('open', resolve));
  socket.send(JSON.stringify(execute('import time; time.sleep(600)')));
  const busyAt = Date.now();
  const busy = await look(({ value }) => value === 1);
  expect(busy).toMatchObject({ value: 1, say: '1 kernels on 1 servers' });
  expect(Math.abs(busy.lastAt! - busyAt)).toBeLessThan(20_000);
  await call(`api/kernels/${kernel.id}/interrupt`, 'POST').catch(() => undefined); // it answers nothing
  expect(await look(({ value }) => value === 0)).toMatchObject({ value: 0 });
});

function execute(code: string): object {
  const header = { msg_id: 'm', msg_type: 'execute_request', username: 'u', session: 's', date: '', version: '5.3' };
  const content = { code, silent: false, store_history: true, user_expressions: {}, allow_stdin: false };
  return { header, parent_header: {}, metadata: {}, content, channel: 'shell', buffers: [] };
}

async function found(look: () => string | undefined): Promise<string> {
  for (;;) {
    const one = look();
    if (one !== undefined) return one;
    await sleep(50);
  }
}

function realJupyter(): string | null {
  // biome-ignore lint/style/noProcessEnv: names a program that not everybody has.
  const named = process.env.DUMONT_TEST_JUPYTER;
  if (named) return named;
  try {
    return execFileSync('sh', ['-c', 'command -v jupyter-server'], { encoding: 'utf8' }).trim();
  } catch {
    return null;
  }
}
