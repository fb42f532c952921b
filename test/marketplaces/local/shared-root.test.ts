import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { withPrefix } from '../../../engine/marketplaces/local/machine/shared-root.ts';
import { machineFiles } from '../../../engine/marketplaces/local/machine/spec.ts';
import { identify, isAlive } from '../../../engine/marketplaces/local/process-id.ts';
import { localWorld, patience, until } from './local-world.ts';

test('where nothing can be kept apart, boot, login and files still work, below a folder', async () => {
  const world = await localWorld({ isolation: 'prefix' });
  const { instance, bash, shell } = await world.machine({
    bootScript: 'mkdir -p /workspace/made && cat /opt/dumont/boot.json',
    bootConfig: '{"a":1}',
  });
  const root = world.market.rootOf(instance);
  await until(async () => (await world.market.bootLog(instance, patience())).includes('{"a":1}'));
  expect(await bash('echo $HOME; cd /workspace && pwd')).toBe(`${root}/root\n${root}/workspace`);
  await shell.upload(
    [{ path: '/opt/dumont/tool', mode: 0o755, from: { bytes: Buffer.from('#!/bin/sh\necho "$0"\n') } }],
    patience(),
  );
  expect(await bash('/opt/dumont/tool')).toBe(`${root}/opt/dumont/tool`);
  expect(await bash('nvidia-smi -L')).toContain('GPU 0');
  expect(await world.market.notes()).toContain('no machine a root of its own');

  await bash('(setsid sleep 4321 >/dev/null 2>&1 &)');
  await world.market.destroy(instance, patience());
  const other = await world.machine();
  expect(await other.bash('ps -e -o args= | grep -x "sleep 4321" || echo none')).toBe('none');
});

test('what a machine without a root of its own left running is ended with it, even when its own process was killed', async () => {
  const world = await localWorld({ isolation: 'prefix' });
  const { instance, bash } = await world.machine();
  const left = identify(Number(await bash('setsid sleep 4322 >/dev/null 2>&1 & echo $!')))!;
  const { state } = machineFiles(join(world.folder, 'market', 'machines', instance));
  process.kill(JSON.parse(await readFile(state, 'utf8')).process.pid, 'SIGKILL');
  await until(async () => (await world.row(instance))?.status === 'exited');
  expect(isAlive(left)).toBe(true);
  await world.market.destroy(instance, patience());
  await until(async () => !isAlive(left));
});

test.each([
  ['cat /root/a /workspace', 'cat /R/root/a /R/workspace'],
  ['/opt/dumont/node /opt/dumont/agent.mjs', '/R/opt/dumont/node /R/opt/dumont/agent.mjs'],
  ['HOME=/root; x="/data"', 'HOME=/R/root; x="/R/data"'],
  ['/rootless /srv/root ../root http://a/data /database', '/rootless /srv/root ../root http://a/data /database'],
])('without a root of its own, %s means %s', (line, meant) => {
  expect(withPrefix(line, '/R')).toBe(meant);
});
