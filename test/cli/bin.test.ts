import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { served } from '../http/served.ts';
import { run, start } from './dumont.ts';

/** A Node of the system that is too old for TypeScript, where there is one. */
const oldNode = ['/usr/local/bin/node', '/usr/bin/node'].filter(existsSync).find((file) => {
  const major = Number(/^v(\d+)/.exec(execFileSync(file, ['--version'], { encoding: 'utf8' }))?.[1]);
  return major >= 18 && major < 24;
});

test.runIf(oldNode)('under an old Node it goes on under its own, exit codes and Ctrl-C included', async () => {
  await using house = await served({ pace: 1 });
  const options = { node: oldNode as string };
  expect((await run(house.home, ['status'], options)).out).toContain('lab');
  expect((await run(house.home, ['status', 'nobody'], options)).code).toBe(66);
  const wake = start(house.home, ['wake', 'lab'], options);
  await wake.printed(/machines race/);
  wake.kill('SIGTERM');
  expect((await wake.ended).code).toBe(130);
});
