import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { beginHere } from '../../engine/agent/elsewhere.ts';
import { lostRoots, rememberMountedRoots } from '../../engine/agent/mounted-roots.ts';
import { mountsIn } from '../../engine/agent/mounts.ts';
import { placeAt } from '../../engine/agent/place.ts';
import { scopeOf } from '../../engine/agent/scope.ts';
import { walk } from '../../engine/agent/walk.ts';

const TABLE = `
27 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
40 27 8:17 / /workspace/disk rw,relatime shared:7 master:2 - ext4 /dev/sdb1 rw
41 27 8:17 /models /workspace/part rw - ext4 /dev/sdb1 rw
42 27 8:1 /workspace/own /workspace/same rw - ext4 /dev/sda1 rw
43 27 8:1 /srv/else /workspace/else ro - ext4 /dev/sda1 rw
44 27 0:50 / /workspace/two\\040words rw - nfs4 server:/x rw
45 27 8:33 / /workspace/cd rw - xfs /dev/sdc ro
46 27 0:51 / /mnt rw - fuse.s3fs s3fs rw
`;

test('the table of mounts is read as the kernel writes it', () => {
  const mounts = mountsIn(TABLE.trim(), '/');
  expect(Object.fromEntries(mounts)).toEqual({
    'workspace/disk': { kind: 'local', readOnly: false, whole: true, shows: null },
    'workspace/part': { kind: 'local', readOnly: false, whole: false, shows: null },
    'workspace/same': { kind: 'local', readOnly: false, whole: false, shows: 'workspace/own' },
    'workspace/else': { kind: 'local', readOnly: true, whole: false, shows: 'srv/else' },
    'workspace/two words': { kind: 'served', readOnly: false, whole: true, shows: null },
    'workspace/cd': { kind: 'local', readOnly: true, whole: true, shows: null },
    mnt: { kind: 'served', readOnly: false, whole: true, shows: null },
  });
});

test('a machine that is a folder sees only what is mounted in it', () => {
  expect([...mountsIn(TABLE.trim(), '/workspace').keys()]).toEqual(['disk', 'part', 'same', 'else', 'two words', 'cd']);
});

/** Directories stand in for mounts, so that everybody can run this; test/agent/freeze.test.ts has real ones. */
async function walked(mounts: Parameters<typeof table>[1]) {
  const root = mkdtempSync(join(tmpdir(), 'dumont-mounts-'));
  try {
    for (const folder of ['root', 'workspace/own', 'workspace/mounted', 'data', 'opt/dumont'])
      mkdirSync(join(root, folder), { recursive: true });
    for (const name of mounts.holding ?? []) writeFileSync(join(root, 'workspace/mounted', name), 'work');
    const place = placeAt(root, join(root, 'opt/dumont'), '/nowhere', null);
    const scope = {
      ...scopeOf(place, { include: [], exclude: mounts.exclude ?? [], fileBytesMax: 1e9 }),
      mounts: mountsIn(table(root, mounts), root),
    };
    const { entries, left, atRisk } = await walk(place, scope, new AbortController().signal);
    expect(entries.map((entry) => entry.path)).not.toContain('workspace/mounted/work');
    expect(left).toEqual(['workspace/mounted']);
    return atRisk.map(({ kind, path }) => `${kind} ${path}`);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

const table = (
  root: string,
  how: { type?: string; from?: string; options?: string; holding?: readonly string[]; exclude?: string[] },
): string => `27 1 8:1 / / rw - ext4 /dev/sda1 rw
40 27 8:${how.from?.startsWith(root) ? 1 : 17} ${how.from ?? '/'} ${root}/workspace/mounted ${how.options ?? 'rw'} - ${how.type ?? 'ext4'} /dev/sdb rw`;

test('a file system below a backed-up directory that somebody can write to holds the machine', async () => {
  expect(await walked({ holding: ['work'] })).toEqual(['other-mount workspace/mounted']);
  expect(await walked({ holding: ['work'], type: 'tmpfs' })).toEqual(['other-mount workspace/mounted']);
});

test.each([
  ['is empty', { holding: ['lost+found'] }],
  ['is read-only', { holding: ['work'], options: 'ro,relatime' }],
  ['is served by another machine', { holding: ['work'], type: 'nfs4' }],
  ['is made up by the kernel', { holding: ['work'], type: 'cgroup2' }],
  ['is excluded', { holding: ['work'], exclude: ['/workspace/mounted'] }],
])('one that %s is only left out', async (_why, how) => {
  expect(await walked(how)).toEqual([]);
});

test('a backed-up directory whose file system is gone is named, and what lies there now is saved all the same', async () => {
  const root = mkdtempSync(join(tmpdir(), 'dumont-unmounted-'));
  try {
    for (const folder of ['root', 'workspace', 'data', 'opt/dumont'])
      mkdirSync(join(root, folder), { recursive: true });
    writeFileSync(join(root, 'data/new'), 'written below where it was mounted');
    const place = placeAt(root, join(root, 'opt/dumont'), '/nowhere', null);
    const look = async () => {
      const scope = scopeOf(place, { include: [], exclude: [], fileBytesMax: 1e9 });
      const { entries, atRisk } = await walk(place, scope, new AbortController().signal);
      expect(entries.map((entry) => entry.path)).toContain('data/new');
      return atRisk;
    };
    expect(await look()).toEqual([]);
    const mounted = mountsIn(`40 27 8:17 / ${root}/data rw - ext4 /dev/sdb rw`, root);
    rememberMountedRoots(place, ['root', 'workspace', 'data'], mounted);
    expect(lostRoots(place, ['data'], mounted)).toEqual([]);
    const gone = { kind: 'unlisted', path: 'data', sizeBytes: 0, why: 'what was mounted there is gone' };
    expect(await look()).toEqual([gone]);
    rememberMountedRoots(place, ['root', 'workspace', 'data'], new Map());
    expect(await look(), 'also after the next backup').toEqual([gone]);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

/** Directories stand in for mounts here too; what a machine has from the start, it has before it is given to a workspace. */
async function foreignOn(mounts: string, exclude: string[] = []) {
  const root = mkdtempSync(join(tmpdir(), 'dumont-foreign-'));
  try {
    for (const folder of [
      'root',
      'workspace',
      'data',
      'opt/dumont',
      'mnt/old',
      'mnt/new/deep/er',
      'mnt/log',
      'dev/shm',
    ])
      mkdirSync(join(root, folder), { recursive: true });
    for (const file of ['mnt/old/file', 'mnt/new/file', 'mnt/log/file'])
      writeFileSync(join(root, file), 'of the image');
    const place = placeAt(root, join(root, 'opt/dumont'), '/nowhere', null);
    await sleep(15); // a tick of the file system's clock
    beginHere(place);
    await sleep(15);
    for (const file of ['mnt/new/deep/er/file', 'mnt/log/new.log', 'dev/shm/file'])
      writeFileSync(join(root, file), 'work');
    const scope = {
      ...scopeOf(place, { include: [], exclude, fileBytesMax: 1e9 }),
      mounts: mountsIn(`27 1 8:1 / / rw - ext4 /dev/sda1 rw\n${mounts.replaceAll('ROOT', root)}`, root),
      elsewhere: () => Promise.resolve([]),
    };
    const { left, atRisk } = await walk(place, scope, new AbortController().signal);
    expect(left).toEqual([]);
    return atRisk.map(({ kind, path }) => `${kind} ${path}`);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

const mounted = (path: string, type = 'ext4', options = 'rw'): string =>
  `40 27 8:17 / ROOT/${path} ${options} - ${type} /dev/sdb rw`;

test('another file system that somebody wrote to holds the machine wherever it is mounted', async () => {
  expect(await foreignOn(mounted('mnt/new'))).toEqual(['other-mount mnt/new']);
  const two = [mounted('mnt/old'), mounted('mnt/new', 'tmpfs')].join('\n');
  expect(await foreignOn(two)).toEqual(['other-mount mnt/new']);
});

test.each([
  ['nobody wrote to since the machine began', mounted('mnt/old'), []],
  ['holds only what is never saved', mounted('mnt/log'), []],
  ['is the system’s', mounted('dev/shm', 'tmpfs'), []],
  ['is read-only', mounted('mnt/new', 'ext4', 'ro'), []],
  ['is served by another machine', mounted('mnt/new', 'nfs4'), []],
  ['lies behind a server', `${mounted('mnt', 'nfs4')}\n${mounted('mnt/new')}`, []],
  ['shows what lies elsewhere', '42 27 8:1 ROOT/srv ROOT/mnt/new rw - ext4 /dev/sda1 rw', []],
  ['is excluded', mounted('mnt/new'), ['/mnt/new/']],
  ['is elsewhere, and nothing elsewhere is wanted', mounted('mnt/new'), ['/']],
])('one that %s does not', async (_why, mounts, exclude) => {
  expect(await foreignOn(mounts, exclude)).toEqual([]);
});

const possible = spawnSync('unshare', ['--mount', 'true']).status === 0;
test.skipIf(!possible)('a mounted file system is measured', () => {
  const root = mkdtempSync(join(tmpdir(), 'dumont-mounted-'));
  try {
    const script = `
      set -e
      mkdir -p ${root}/root ${root}/data ${root}/opt/dumont ${root}/workspace/own ${root}/workspace/disk
      echo own > ${root}/workspace/own/file
      mount -t tmpfs -o size=10m tmpfs ${root}/workspace/disk
      head -c 100000 /dev/zero > ${root}/workspace/disk/work
      mkdir -p ${root}/mnt/fast ${root}/mnt/idle
      mount -t tmpfs -o size=10m tmpfs ${root}/mnt/idle
      mount -t tmpfs -o size=10m tmpfs ${root}/mnt/fast
      touch ${root}/mnt/idle/of-the-image
      ln -s ../mnt/fast/run ${root}/workspace/run
      sleep 0.1
      exec ${process.execPath} --input-type=module -e '
        const { placeAt } = await import("${import.meta.dirname}/../../engine/agent/place.ts");
        const { scopeOf } = await import("${import.meta.dirname}/../../engine/agent/scope.ts");
        const { beginHere } = await import("${import.meta.dirname}/../../engine/agent/elsewhere.ts");
        const { mkdirSync, writeFileSync } = await import("node:fs");
        const { walk } = await import("${import.meta.dirname}/../../engine/agent/walk.ts");
        const place = placeAt("${root}", "${root}/opt/dumont", "/nowhere", null);
        beginHere(place);
        await new Promise((resolve) => setTimeout(resolve, 20));
        mkdirSync("${root}/mnt/fast/run");
        writeFileSync("${root}/mnt/fast/run/checkpoint", Buffer.alloc(50_000));
        const scope = scopeOf(place, { include: [], exclude: [], fileBytesMax: 1e9 });
        console.log(JSON.stringify((await walk(place, scope, new AbortController().signal)).atRisk));
      '`;
    const { stdout, stderr } = spawnSync('unshare', ['--mount', 'sh', '-c', script], { encoding: 'utf8' });
    expect(stderr).toBe('');
    const why = 'another file system is mounted there';
    expect(JSON.parse(stdout)).toEqual([
      { kind: 'other-mount', path: 'mnt/fast', sizeBytes: 53_248, why },
      { kind: 'other-mount', path: 'workspace/disk', sizeBytes: 102_400, why },
    ]);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
