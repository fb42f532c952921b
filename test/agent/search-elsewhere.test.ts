import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { beginHere, nothingSeen } from '../../engine/agent/elsewhere.ts';
import { type Place, placeAt } from '../../engine/agent/place.ts';
import { scopeOf } from '../../engine/agent/scope.ts';
import { type SearchHow, type SeenFolders, searchElsewhere } from '../../engine/agent/search-elsewhere.ts';

const { signal } = new AbortController();
const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function machine(...files: readonly string[]): Place {
  const root = mkdtempSync(join(tmpdir(), 'dumont-elsewhere-'));
  folders.push(root);
  for (const file of files) put(root, file);
  return placeAt(root, join(root, 'opt/dumont'), '', null);
}

function put(root: string, path: string, text = 'text'): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

/** A tick of the file system's clock. */
const tick = (): Promise<void> => sleep(15);
const how = (began: number): SearchHow => ({
  roots: ['workspace'],
  matcher: (path) => (path.endsWith('.log') ? { by: 'default', line: '*.log' } : null),
  mounts: new Map(),
  home: 'opt/dumont',
  began,
  now: Date.now() + 60_000, // every directory has been still for a while
});

test('looked for again, it finds all that another search would, and lists no directory that is as it was', async () => {
  const place = machine('etc/a', 'etc/b', 'etc/deep/er/c', 'etc/gone', 'usr/bin/x', 'usr/lib/y/z', 'home/me/.keep');
  const { root } = place;
  await tick();
  const began = Date.now();
  await tick();
  const seen: SeenFolders = new Map();
  expect(await searchElsewhere(place, how(began), seen, signal)).toEqual([]);
  const before = new Map(seen);
  const changes: readonly (() => void)[] = [
    () => appendFileSync(join(root, 'etc/a'), 'written in its place'),
    () => utimesSync(join(root, 'etc/b'), 1e9, 1e9),
    () => chmodSync(join(root, 'etc/deep/er/c'), 0o600),
    () => put(root, 'home/me/new'),
    () => put(root, 'home/you/are/new'),
    () => put(root, 'usr/bin/mine'),
    () => symlinkSync('a', join(root, 'etc/link')),
    () => put(root, 'etc/left.log'),
    () => rmSync(join(root, 'etc/gone')),
    () => renameSync(join(root, 'etc/deep'), join(root, 'etc/shallow')),
    () => renameSync(join(root, 'home/me/new'), join(root, 'etc/b')),
    () => rmSync(join(root, 'home/you'), { recursive: true }),
  ];
  for (const [at, change] of changes.entries()) {
    change();
    await tick();
    const again = await searchElsewhere(place, how(began), seen, signal);
    const anew = await searchElsewhere(place, how(began), new Map(), signal);
    expect(again.toSorted(), `after change ${at}`).toEqual(anew.toSorted());
  }
  expect(seen.get('usr/lib/y')).toBe(before.get('usr/lib/y'));
  expect((await searchElsewhere(place, how(began), seen, signal)).toSorted()).toEqual([
    'etc/a',
    'etc/b',
    'etc/link',
    'etc/shallow/er/c',
    'usr/bin/mine',
  ]);
});

test('a directory that was changed a moment before is not believed to be as it was', async () => {
  const place = machine('etc/a');
  const seen: SeenFolders = new Map();
  await searchElsewhere(place, { ...how(0), now: Date.now() }, seen, signal);
  expect(seen.get('etc')?.stamp).toBeNull();
});

test('whom a file belongs to is asked again when it changed, and when packages did', async () => {
  const place = machine('etc/mine', 'var/lib/dpkg/info/p.list', 'var/lib/dpkg/status');
  const { root } = place;
  await tick();
  beginHere(place);
  await tick();
  const seen = nothingSeen();
  const elsewhere = (): Promise<readonly string[]> =>
    scopeOf(place, { include: [], exclude: [], fileBytesMax: 1e9 }, seen).elsewhere(signal);
  put(root, 'usr/bin/tool');
  put(root, 'etc/mine', 'edited');
  await tick();
  expect(await elsewhere()).toEqual(['etc/mine', 'usr/bin/tool']);
  put(root, 'var/lib/dpkg/info/q.list', '/.\n/usr/bin/tool\n'); // it came with a package after all
  expect(await elsewhere()).toEqual(['etc/mine']);
  put(root, 'var/lib/dpkg/info/q.md5sums', `${'0'.repeat(32)}  usr/bin/tool\n`);
  await tick();
  put(root, 'usr/bin/tool', 'edited');
  expect(await elsewhere()).toEqual(['etc/mine', 'usr/bin/tool']);
});

test('what lies on the machine’s own disk is found under whatever name disks are mounted elsewhere', async () => {
  const place = machine('mnt/.keep', 'media/.keep', 'snap/.keep');
  await tick();
  const began = Date.now();
  await tick();
  for (const file of ['mnt/work', 'media/deep/er/work', 'snap/work', 'mnt/disk/other']) put(place.root, file);
  const mount = { kind: 'local', readOnly: false, whole: true, shows: null } as const;
  const mounts = new Map([['mnt/disk', mount]]);
  const found = await searchElsewhere(place, { ...how(began), mounts }, new Map(), signal);
  expect(found.toSorted()).toEqual(['media/deep/er/work', 'mnt/work', 'snap/work']);
});

test('other rules begin anew', async () => {
  const place = machine('etc/.keep');
  beginHere(place);
  await tick();
  put(place.root, 'etc/a');
  put(place.root, 'etc/b');
  const seen = nothingSeen();
  const by = (exclude: string[]): Promise<readonly string[]> =>
    scopeOf(place, { include: [], exclude, fileBytesMax: 1e9 }, seen).elsewhere(signal);
  expect(await by([])).toEqual(['etc/a', 'etc/b']);
  expect(await by(['/etc/a'])).toEqual(['etc/b']);
  expect(await by([])).toEqual(['etc/a', 'etc/b']);
});
