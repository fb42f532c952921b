import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { machineFiles } from '../../engine/marketplaces/local/machine/spec.ts';
import { SSH_LIMITS, sshConnect } from '../../engine/ssh/connect.ts';
import { localWorld, patience } from '../marketplaces/local/local-world.ts';

test('a machine that falls silent is lost after so many unanswered signs of life', async () => {
  const world = await localWorld();
  const { instance, row } = await world.machine();
  const limits = { ...SSH_LIMITS, keepaliveMs: 60, keepalivesMissedMax: 2 };
  await using shell = await sshConnect(world.key.privateKey, limits)(row.address!, null, patience());
  const waiting = shell.run({ argv: ['sleep', '60'], timeoutMs: 60_000 }, patience());

  const { state } = machineFiles(join(world.folder, 'market', 'machines', instance));
  const { pid } = JSON.parse(await readFile(state, 'utf8')).process;
  onTestFinished(() => void process.kill(pid, 'SIGCONT'));
  process.kill(pid, 'SIGSTOP');
  const began = performance.now();
  await expect(waiting).rejects.toMatchObject({ code: 'ssh_lost', message: expect.stringContaining('Keepalive') });
  expect(performance.now() - began).toBeLessThan(2_000);
  process.kill(pid, 'SIGCONT');
});
