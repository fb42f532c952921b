/**
 * Runs where it may mount: our own folder of a machine lies on a file system of its own, which is filled to its last byte.
 * Started by life-trouble.test.ts; prints what it saw as one line of JSON.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { livingMachine, openEar, runOrder, tickets, write } from './living.ts';
import { openWorld } from './machine.ts';

await using stack = new AsyncDisposableStack();
const world = stack.use(await openWorld());
const home = join(world.folder, 'full/opt/dumont');
mkdirSync(home, { recursive: true });
execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', home]);
stack.defer(() => void execFileSync('umount', ['--lazy', home]));
const machine = await livingMachine(world, stack, 'full');
const ear = stack.use(await openEar());
write(machine, { 'workspace/a': 'first' });
await machine.run('run', runOrder(world, ear.url, { tickets: tickets(world, 20) }));
await ear.until((status) => status.taken.length > 0);

const ballast = join(home, 'ballast');
fill(ballast);
write(machine, { 'workspace/b': 'second' });
const { backup: full } = await ear.until((status) => status.backup.failures > 1);
const before = ear.heard.length;
await ear.until(() => ear.heard.length > before + 5);
const heard = ear.heard.length - before;
rmSync(ballast);
const after = await ear.until((status) => status.taken.length > 0);
console.log(JSON.stringify({ full, heard, after: { backup: after.backup, taken: after.taken } }));

function fill(file: string): void {
  const handle = openSync(file, 'w');
  for (let bytes = 1 << 20; bytes >= 1; ) {
    try {
      writeSync(handle, Buffer.alloc(bytes));
    } catch {
      bytes >>= 1;
    }
  }
  closeSync(handle);
}
