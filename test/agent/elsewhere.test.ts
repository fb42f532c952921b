import { createHash } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { resticProgram } from '../restic/which-restic.ts';
import { type Machine, manifestIn, openWorld, restoreOrder, type Saved, saveOnce, snapshotOf } from './machine.ts';

const resticTest = test.skipIf(resticProgram === null);

function put(machine: Machine, path: string, text: string): void {
  const file = join(machine.root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

/** What any machine of this image has when it starts. */
function image(machine: Machine): void {
  put(machine, 'etc/foo.conf', 'of the image');
  put(machine, 'etc/bar.conf', 'of the image');
  put(machine, 'etc/hostname', machine.root);
  put(machine, 'etc/ssh/ssh_host_ed25519_key', machine.root);
  put(machine, 'etc/passwd', 'root');
  put(machine, 'usr/bin/env', 'env');
  put(machine, 'usr/share/doc/x', 'x');
  put(machine, 'home/.keep', '');
  put(machine, 'var/lib/dpkg/info/old.list', '/.\n/etc\n/etc/owned.conf\n/usr/bin/env\n');
}

const elsewhere = (lines: ReturnType<typeof manifestIn>): readonly string[] =>
  lines.filter((line) => line.type !== 'dir').map((line) => line.path);

resticTest(
  'what somebody changed elsewhere comes back, and what belongs to the machine does not',
  async () => {
    await using world = await openWorld();
    const a = world.machine('a');
    image(a);
    await a.run('restore', restoreOrder(world));
    put(a, 'etc/foo.conf', 'edited');
    put(a, 'usr/local/bin/tool', 'installed');
    put(a, 'usr/bin/copied', 'put there by hand');
    put(a, 'home/x/work.txt', 'work');
    put(a, 'home/x/.cache/big', 'can be made again');
    put(a, 'home/x/run.log', 'left out by default');
    symlinkSync('/usr/local/bin/tool', join(a.root, 'home/x/link'));
    for (const path of [
      'etc/hostname',
      'etc/hosts',
      'etc/resolv.conf',
      'etc/mtab',
      'etc/ssh/ssh_host_ed25519_key',
      'etc/passwd',
      'proc/1/x',
      'run/x.pid',
      'tmp/x',
      'var/log/syslog',
      'var/cache/apt/x.deb',
      'var/lib/apt/lists/x',
      'opt/dumont/tmp/ours',
    ])
      put(a, path, 'of this machine');
    const saved = await saveOnce(world, a, { mode: 'live' });
    expect(elsewhere(manifestIn(world))).toEqual([
      'etc/foo.conf',
      'home/x/link',
      'home/x/work.txt',
      'usr/bin/copied',
      'usr/local/bin/tool',
    ]);
    expect(saved.partial).toBe(false);

    const b = world.machine('b');
    image(b);
    put(b, 'home/x/other.txt', 'of the image');
    const events = await b.run('restore', restoreOrder(world, { epoch: 2, snapshot: snapshotOf(world, saved) }));
    expect(events.at(-1)).toMatchObject({ event: 'complete', contentHash: saved.contentHash });
    const read = (path: string): string => readFileSync(join(b.root, path), 'utf8');
    expect([read('etc/foo.conf'), read('etc/bar.conf'), read('usr/local/bin/tool'), read('home/x/work.txt')]).toEqual([
      'edited',
      'of the image',
      'installed',
      'work',
    ]);
    expect([read('etc/hostname'), read('etc/ssh/ssh_host_ed25519_key'), read('home/x/other.txt')]).toEqual([
      b.root,
      b.root,
      'of the image',
    ]);
    expect(existsSync(join(b.root, 'etc/.dumont-restore'))).toBe(false);

    const again = await saveOnce(world, b, { epoch: 2, parent: saved.snapshot });
    expect(again.contentHash).toBe(saved.contentHash); // and goes on with the workspace
  },
  60_000,
);

resticTest(
  'where a newer image has another file, that one stays, and the saved one lies beside it',
  async () => {
    await using world = await openWorld();
    const wake = async (name: string, foo: string, saved: Saved | null) => {
      const machine = world.machine(name);
      image(machine);
      put(machine, 'etc/foo.conf', foo);
      const snapshot = saved && snapshotOf(world, saved);
      const events = await machine.run('restore', restoreOrder(world, { snapshot }));
      const kept = events.flatMap((event) => (event.event === 'kept_both' ? [`${event.path} ${event.beside}`] : []));
      return { machine, kept, foo: () => readFileSync(join(machine.root, 'etc/foo.conf'), 'utf8') };
    };
    const first = await wake('first', 'of the image', null);
    put(first.machine, 'etc/foo.conf', 'edited');
    put(first.machine, 'home/x', 'work');
    const one = await saveOnce(world, first.machine);
    // Nobody knows yet what the edited file was made of.
    const second = await wake('second', 'of the image', one);
    expect([second.foo(), second.kept]).toEqual(['edited', []]);
    const two = await saveOnce(world, second.machine, { parent: one.snapshot });
    expect(two.contentHash, 'it is no part of what a file is').toBe(one.contentHash);

    const same = await wake('same', 'of the image', two);
    expect([same.foo(), same.kept]).toEqual(['edited', []]);
    const newer = await wake('newer', 'of a newer image', two);
    const beside = `etc/foo.conf.dumont-${two.snapshot!.slice(0, 8)}`;
    expect([newer.foo(), newer.kept]).toEqual(['of a newer image', [`etc/foo.conf ${beside}`]]);
    expect(readFileSync(join(newer.machine.root, beside), 'utf8')).toBe('edited');
    await saveOnce(world, newer.machine, { parent: two.snapshot });
    expect(elsewhere(manifestIn(world))).toEqual([beside, 'home/x']);
  },
  60_000,
);

resticTest('what a package brought is no work, and what somebody edited of it is', async () => {
  await using world = await openWorld();
  const a = world.machine('a');
  image(a);
  await a.run('restore', restoreOrder(world));
  const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
  const [longAgo] = [new Date('2020-01-01')];
  put(a, 'usr/bin/package', 'program');
  utimesSync(join(a.root, 'usr/bin/package'), longAgo, longAgo);
  put(a, 'usr/bin/rebuilt', 'same');
  put(a, 'usr/lib/edited.py', 'edited');
  put(a, 'etc/untouched.conf', 'settings');
  put(a, 'etc/touched.conf', 'my settings');
  put(
    a,
    'var/lib/dpkg/info/new.list',
    '/.\n/bin/package\n/usr/bin/rebuilt\n/usr/lib/edited.py\n/etc/untouched.conf\n/etc/touched.conf\n',
  );
  put(a, 'var/lib/dpkg/info/new.md5sums', `${md5('same')}  usr/bin/rebuilt\n${md5('as it came')}  usr/lib/edited.py\n`);
  put(
    a,
    'var/lib/dpkg/status',
    `Package: new\nConffiles:\n /etc/untouched.conf ${md5('settings')}\n /etc/touched.conf ${md5('settings')}\n`,
  );
  await saveOnce(world, a);
  expect(elsewhere(manifestIn(world))).toEqual(['etc/touched.conf', 'usr/lib/edited.py']);
});

resticTest('it is looked for again only after some minutes and in the last save, and can be switched off', async () => {
  await using world = await openWorld();
  const a = world.machine('a');
  image(a);
  await a.run('restore', restoreOrder(world));
  put(a, 'home/first', '1');
  await saveOnce(world, a);
  put(a, 'home/second', '2');
  appendFileSync(join(a.root, 'home/first'), 'more');
  await saveOnce(world, a);
  expect(elsewhere(manifestIn(world))).toEqual(['home/first']);
  await saveOnce(world, a, { exclude: ['/home/'] });
  expect(elsewhere(manifestIn(world))).toEqual([]);
  await saveOnce(world, a, { exclude: ['/'] });
  expect(elsewhere(manifestIn(world))).toEqual([]);
  rmSync(join(a.home, 'cache/elsewhere.json')); // as it is when it has grown old
  await saveOnce(world, a);
  expect(elsewhere(manifestIn(world))).toEqual(['home/first', 'home/second']);
  rmSync(join(a.root, 'home/first'));
  const saved = await saveOnce(world, a);
  expect(elsewhere(manifestIn(world))).toEqual(['home/second']);
  expect(saved.partial).toBe(false);
});
