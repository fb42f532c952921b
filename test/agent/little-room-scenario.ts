/**
 * Runs where it may mount: a machine on a file system of its own that has little room. Started by bring-back.test.ts; prints
 * what it saw as one line of JSON.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openWorld, restoreOrder, saveOnce, snapshotOf } from './machine.ts';

const MB = 1_000_000;
/** What the agent leaves free for the file system. */
const SPARE = 64 * 1024 * 1024;

await using stack = new AsyncDisposableStack();
const world = stack.use(await openWorld());
const root = join(world.folder, 'narrow');
mkdirSync(root);
execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=300m', 'tmpfs', root]);
stack.defer(() => void execFileSync('umount', ['--lazy', root]));
const machine = world.machine('narrow');
await machine.run('restore', restoreOrder(world));
const at = (path: string): string => join(root, path);
const names = ['a.bin', 'b.bin', 'c.bin'];
const fill = (): void => names.forEach((name) => void writeFileSync(at(`workspace/${name}`), randomBytes(30 * MB)));
const free = (): number => statfsSync(root).bavail * statfsSync(root).bsize;

writeFileSync(at('root/notes'), 'old');
fill();
const old = await saveOnce(world, machine, { manifestUrl: world.url('old') });
const wanted = names.map((name) => readFileSync(at(`workspace/${name}`)));
fill();
writeFileSync(at('root/notes'), 'new');
const now = await saveOnce(world, machine, { sequence: 2, manifestUrl: world.url('now') });
const order = {
  ...{ protocol: 2, workspace: 'lab', machine: 'm1', verb: 'bring-back', path: null, into: null },
  ...{ snapshot: snapshotOf(world, old, 'old'), safe: snapshotOf(world, now, 'now'), repository: world.repository },
};
const bring = async (more: object = {}) => (await machine.run('bring-back', { ...order, ...more })).at(-1);
const seen = () => ({
  notes: readFileSync(at('root/notes'), 'utf8'),
  back: names.map((name, i) => readFileSync(at(`workspace/${name}`)).equals(wanted[i]!)),
  left: readdirSync(at('workspace')).toSorted(),
});

// Room for one of them beside what is there, and no more.
writeFileSync(at('ballast'), Buffer.alloc(free() - SPARE - 45 * MB));
const copies = { said: await bring({ into: 'data/copies' }), ...seen() };
writeFileSync(at('more'), Buffer.alloc(25 * MB));
const refused = { said: await bring(), ...seen() };
execFileSync('rm', [at('more')]);
const events = await machine.run('bring-back', order);
const told = events.flatMap((one) => (one.event === 'progress' ? [one.bytesDone / one.bytesTotal] : []));
const narrow = { said: events.at(-1), ...seen() };
console.log(JSON.stringify({ copies, refused, narrow, told }));
