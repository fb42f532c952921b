import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';

/**
 * A program that could not be started has no number, and Node would end our own process group in its place. So this runs in
 * a group of its own, and says `lives` when it survived.
 */
const SCRIPT = `
const { startChild } = await import(process.argv[1]);
const { runRestic } = await import(process.argv[2]);
process.execPath = '/nonexistent/node';
const stop = new AbortController();
const nothing = { args: [], environment: {}, cwd: '/', patienceMs: 1_000 };
const restic = runRestic({ program: '/nonexistent/restic', ...nothing }, stop.signal).catch((cause) => cause.code);
const child = startChild({ program: '', argv: [] }, 'look', {}, () => undefined, stop.signal);
stop.abort(new Error('enough'));
await child.ended.catch(() => undefined);
console.log('lives', await restic);
`;

test('who stops a program that could not be started, in the same moment, stops nobody else', async () => {
  const engine = join(import.meta.dirname, '../../engine');
  const argv = ['-e', SCRIPT, join(engine, 'agent/life/child.ts'), join(engine, 'restic/run.ts')];
  const child = spawn(process.execPath, ['--input-type=module', ...argv], {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (text: Buffer) => {
    said += text.toString();
  });
  expect(await once(child, 'close')).toEqual([0, null]);
  expect(said.trim()).toBe('lives ENOENT');
});
