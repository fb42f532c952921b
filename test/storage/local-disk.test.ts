import { execFile } from 'node:child_process';
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isFailure } from '../../engine/domain/failures.ts';
import { clientOf, keysBelow } from '../contracts/storage-client.ts';
import { objectFiles, storageWorld } from './storage-world.ts';

const Bucket = 'hot';
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dumont-storage-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('objects, what was said about them, and their order outlive a restart', async () => {
  {
    await using world = await storageWorld({ folder });
    const client = clientOf(world.place());
    for (const Key of ['b', 'a/é', 'a']) {
      await client.send(new PutObjectCommand({ Bucket, Key, Body: `body of ${Key}`, Metadata: { of: 'it' } }));
    }
    client.destroy();
  }
  await using world = await storageWorld({ folder });
  const client = clientOf(world.place());
  expect(await keysBelow(client, Bucket, '')).toEqual(['a', 'a/é', 'b']);
  const read = await client.send(new GetObjectCommand({ Bucket, Key: 'a/é' }));
  expect([await read.Body?.transformToString(), read.Metadata]).toEqual(['body of a/é', { of: 'it' }]);
  client.destroy();
});

test('no key becomes a path: all there is on disk has names we made', async () => {
  await using world = await storageWorld({ folder });
  const client = clientOf(world.place());
  for (const Key of ['../../../tmp/dumont-escaped', '/etc/dumont-escaped', '..', 'locks.json', 'x/../../y']) {
    await client.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
  }
  client.destroy();
  for (const file of await objectFiles(world)) expect(file).toMatch(/\/hot\/objects\/[0-9a-f]\/[0-9a-f]{40}-\d+$/);
  expect(await objectFiles(world)).toHaveLength(5);
  expect((await readdir(folder)).sort()).toEqual(['hot', 'vault']);
});

test('of two versions that a crash left, the later one counts and the other goes', async () => {
  await using world = await storageWorld({ folder });
  const client = clientOf(world.place());
  await client.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'old' }));
  const [old = ''] = await objectFiles(world);
  const bytes = await readFile(old);
  await client.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'new' }));
  client.destroy();
  await world.storage[Symbol.asyncDispose]();
  await writeFile(old, bytes);

  await using after = await storageWorld({ folder });
  const there = clientOf(after.place());
  const read = await there.send(new GetObjectCommand({ Bucket, Key: 'a' }));
  expect(await read.Body?.transformToString()).toBe('new');
  expect(await objectFiles(after)).toHaveLength(1);
  there.destroy();
});

test.each([
  ['cut short', (file: string) => truncate(file, 10)],
  ['longer than it was', (file: string) => appendFile(file, 'x')],
  ['empty', (file: string) => writeFile(file, '')],
  ['missing its first byte', async (file: string) => writeFile(file, (await readFile(file)).subarray(1))],
  [
    'under another key',
    async (file: string) => writeFile(file, (await readFile(file, 'latin1')).replace('damaged', 'renamed'), 'latin1'),
  ],
])('a file that is %s is named in the log and left alone, and the others are served', async (_, damage) => {
  {
    await using world = await storageWorld({ folder });
    const client = clientOf(world.place());
    await client.send(new PutObjectCommand({ Bucket, Key: 'damaged', Body: 'body' }));
    const [file = ''] = await objectFiles(world);
    await client.send(new PutObjectCommand({ Bucket, Key: 'sound', Body: 'body' }));
    client.destroy();
    await world.storage[Symbol.asyncDispose]();
    await damage(file);
  }
  await using world = await storageWorld({ folder });
  const client = clientOf(world.place());
  expect(await keysBelow(client, Bucket, '')).toEqual(['sound']);
  expect(world.logged.map(({ event }) => event)).toEqual(['storage.file_unreadable']);
  expect(await objectFiles(world)).toHaveLength(2);
  client.destroy();
});

test('lock rules that cannot be read do not become no rules', async () => {
  await mkdir(join(folder, 'hot'), { recursive: true });
  await writeFile(join(folder, 'hot', 'locks.json'), '[{');
  await expect(storageWorld({ folder })).rejects.toThrow();
});

test('a second server on the same folder is refused', async () => {
  await using _first = await storageWorld({ folder });
  await expect(storageWorld({ folder })).rejects.toSatisfy((thrown) => isFailure(thrown, 'store_locked'));
});

test('a server that takes over from another waits until that one has let go', async () => {
  const first = await storageWorld({ folder });
  const second = storageWorld({ folder, handOverMs: 10_000 });
  const client = clientOf(first.place());
  await client.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'x' }));
  client.destroy();
  await first.storage[Symbol.asyncDispose]();
  await using after = await second;
  const there = clientOf(after.place());
  expect(await keysBelow(there, Bucket, '')).toEqual(['a']);
  there.destroy();
});

/** A small disk of our own needs a user namespace, which not every system gives. */
const smallDisk = await promisify(execFile)('unshare', ['--user', '--map-root-user', '--mount', 'true']).then(
  () => true,
  () => false,
);

if (!smallDisk) console.warn('SKIPPED: a full disk is not tried, since this system gives no user namespaces');

test.skipIf(!smallDisk)('a full disk is said, loses nothing, and is over when there is room again', async () => {
  const inNamespace = join(import.meta.dirname, 'full-disk.ts');
  const script = `mount -t tmpfs -o size=8m tmpfs "$1" && exec "$2" "$3" "$1"`;
  const args = [
    '--user',
    '--map-root-user',
    '--mount',
    'sh',
    '-c',
    script,
    'sh',
    folder,
    process.execPath,
    inNamespace,
  ];
  const { stdout } = await promisify(execFile)('unshare', args);
  expect(JSON.parse(stdout)).toEqual({
    tooLarge: 'StorageFull',
    kept: 'kept',
    small: null,
    keys: ['kept', 'small'],
    drafts: [],
    failure: 'disk_full',
  });
});
