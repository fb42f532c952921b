import { execFile } from 'node:child_process';
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { GetObjectCommand, HeadObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isFailure } from '../../engine/domain/failures.ts';
import type { Bucket as Objects, Stored } from '../../engine/storage/local/bucket.ts';
import { openObject } from '../../engine/storage/local/read-objects.ts';
import { startStorage } from '../../engine/storage/local/start-storage.ts';
import { clientOf, keysBelow, refusal } from '../contracts/storage.ts';
import { ROOT, type StorageWorld, storageWorld } from './storage-world.ts';

const Bucket = 'hot';
const signal = AbortSignal.timeout(60_000);
const keys = [{ ...ROOT, scope: 'object-read-write' as const }];
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dumont-storage-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function filesOf(world: StorageWorld): Promise<string[]> {
  const entries = await readdir(join(world.folder, Bucket, 'objects'), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

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
  for (const file of await filesOf(world)) expect(file).toMatch(/\/hot\/objects\/[0-9a-f]\/[0-9a-f]{40}-\d+$/);
  expect(await filesOf(world)).toHaveLength(5);
  expect((await readdir(folder)).sort()).toEqual(['hot', 'vault']);
});

test('of two versions that a crash left, the later one counts and the other goes', async () => {
  await using world = await storageWorld({ folder });
  const client = clientOf(world.place());
  await client.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'old' }));
  const [old = ''] = await filesOf(world);
  const bytes = await readFile(old);
  await client.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'new' }));
  client.destroy();
  await world.storage[Symbol.asyncDispose]();
  await writeFile(old, bytes);

  await using after = await storageWorld({ folder });
  const there = clientOf(after.place());
  const read = await there.send(new GetObjectCommand({ Bucket, Key: 'a' }));
  expect(await read.Body?.transformToString()).toBe('new');
  expect(await filesOf(after)).toHaveLength(1);
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
    const [file = ''] = await filesOf(world);
    await client.send(new PutObjectCommand({ Bucket, Key: 'sound', Body: 'body' }));
    client.destroy();
    await world.storage[Symbol.asyncDispose]();
    await damage(file);
  }
  await using world = await storageWorld({ folder });
  const client = clientOf(world.place());
  expect(await keysBelow(client, Bucket, '')).toEqual(['sound']);
  expect(world.logged.map(({ event }) => event)).toEqual(['storage.file_unreadable']);
  expect(await filesOf(world)).toHaveLength(2);
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

test('who reads an object while it is replaced gets the one begun with, to its end', async () => {
  await using world = await storageWorld({ folder });
  const client = clientOf(world.place());
  await client.send(new PutObjectCommand({ Bucket, Key: 'a', Body: Buffer.alloc(20_000_000, 'old ') }));
  const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: 'a' }));
  await client.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'new' }));
  const bytes = Buffer.from((await Body?.transformToByteArray()) ?? []);
  expect(bytes.equals(Buffer.alloc(20_000_000, 'old '))).toBe(true);
  client.destroy();
});

test('readers and writers of one key at once never see a mixture', async () => {
  await using world = await storageWorld({ folder });
  const client = clientOf(world.place());
  const body = (i: number) => Buffer.alloc(30_000, `${i};`);
  await client.send(new PutObjectCommand({ Bucket, Key: 'a', Body: body(0) }));
  const whole = new Set(Array.from({ length: 40 }, (_, i) => body(i).toString()));
  const writes = Array.from({ length: 40 }, (_, i) =>
    client.send(new PutObjectCommand({ Bucket, Key: 'a', Body: body(i) })),
  );
  const reads = Array.from({ length: 80 }, async () => {
    const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: 'a' }));
    return whole.has((await Body?.transformToString()) ?? '');
  });
  expect((await Promise.all(reads)).every(Boolean)).toBe(true);
  await Promise.all(writes);
  expect(await filesOf(world)).toHaveLength(1);
  client.destroy();
});

test('a version that is replaced right before it is opened is looked for again', async () => {
  const file = join(folder, 'there');
  await writeFile(file, 'new');
  const versions = [{ file: join(folder, 'gone') }, { file }, { file }] as Stored[];
  const objects = { find: () => versions.shift() } as unknown as Objects;
  const opened = await openObject(objects, 'a');
  expect((await opened.file.readFile()).toString()).toBe('new');
  await opened.file.close();
});

test('a fault can answer, drop the request, or lose the answer of what was done', async () => {
  const faults = new Map<
    string,
    { do: 'drop' } | { do: 'lose-answer' } | { do: 'answer'; status: number; code: string }
  >([
    ['dropped', { do: 'drop' }],
    ['lost', { do: 'lose-answer' }],
    ['slow down', { do: 'answer', status: 429, code: 'TooManyRequests' }],
  ]);
  await using world = await storageWorld({
    intercept: async ({ action, key }) => (action === 'PutObject' ? faults.get(key) : undefined),
  });
  const client = clientOf(world.place(), { maxAttempts: 1 });
  const put = (Key: string) => client.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
  await expect(put('dropped')).rejects.toThrow();
  await expect(put('lost')).rejects.toThrow();
  expect(await refusal(put('slow down'))).toBe('TooManyRequests');
  expect(await keysBelow(client, Bucket, '')).toEqual(['lost']);
  client.destroy();
});

test('stopping lets go of the folder at once, whatever clients still hold open', async () => {
  const world = await storageWorld({ folder });
  const client = clientOf(world.place());
  await client.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'x' }));
  const stuck = fetch(`${world.storage.endpoint}/hot/x`, {
    method: 'PUT',
    body: new ReadableStream(),
    duplex: 'half',
  } as RequestInit).catch(() => {});
  await world.storage[Symbol.asyncDispose]();
  await stuck;
  client.destroy();
  await using again = await storageWorld({ folder });
  expect(again.storage.port).toBeGreaterThan(0);
});

test('as a process of its own it takes lock rules, refuses wrong ones, and ends when its input does', async () => {
  const storage = await startStorage({ folder, port: 0, keys, buckets: [Bucket], onLog: () => {} }, signal);
  const client = new S3Client({ endpoint: storage.endpoint, region: 'auto', forcePathStyle: true, credentials: ROOT });
  await client.send(new PutObjectCommand({ Bucket, Key: 'kept', Body: 'x' }));
  await storage.setLocks(Bucket, [{ id: 'all', enabled: true, prefix: '', condition: { type: 'Indefinite' } }], signal);
  const again = client.send(new PutObjectCommand({ Bucket, Key: 'kept', Body: 'y' }));
  expect(await refusal(again)).toBe('ObjectLockedByBucketPolicy');
  const wrong = storage.setLocks('absent', [], signal);
  await expect(wrong).rejects.toSatisfy((thrown) => isFailure(thrown, 'storage_refused'));
  process.kill(storage.pid, 'SIGINT'); // Ctrl-C reaches it too, and is not for it
  expect(await refusal(client.send(new HeadObjectCommand({ Bucket, Key: 'kept' })))).toBeNull();
  client.destroy();
  await storage[Symbol.asyncDispose]();
  await storage.ended;
});

test('a process that cannot start says why', async () => {
  await writeFile(join(folder, 'file'), '');
  const options = { folder: join(folder, 'file', 'below'), port: 0, keys, buckets: [Bucket], onLog: () => {} };
  const started = startStorage(options, signal);
  await expect(started).rejects.toSatisfy(
    (thrown) => isFailure(thrown, 'storage_down') && /ENOTDIR/.test(thrown.message),
  );
});

/** A small disk of our own needs a user namespace, which not every system gives. */
const smallDisk = await promisify(execFile)('unshare', ['--user', '--map-root-user', '--mount', 'true']).then(
  () => true,
  () => false,
);

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
