import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Bucket as Objects, Stored } from '../../engine/storage/local/bucket.ts';
import { openObject } from '../../engine/storage/local/read-objects.ts';
import { clientOf, keysBelow, refusal } from '../contracts/storage-client.ts';
import { objectFiles, storageWorld } from './storage-world.ts';

const Bucket = 'hot';
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dumont-storage-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

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
  expect(await objectFiles(world)).toHaveLength(1);
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
