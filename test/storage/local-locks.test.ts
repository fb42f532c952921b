import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LockRule } from '../../engine/storage/local/locks.ts';
import { clientOf, refusal } from '../contracts/storage-client.ts';
import { type StorageWorld, storageWorld } from './storage-world.ts';

const LOCKED = 'ObjectLockedByBucketPolicy';
const DAY_SECONDS = 24 * 3600;
const Bucket = 'vault';

let world: StorageWorld;
let client: S3Client;

beforeAll(async () => {
  world = await storageWorld();
  client = clientOf(world.place(Bucket), { maxAttempts: 1 });
});

afterAll(async () => {
  client.destroy();
  await world[Symbol.asyncDispose]();
});

const rule = (prefix: string, condition: LockRule['condition'], enabled = true): LockRule => ({
  id: `rule for ${prefix}`,
  enabled,
  prefix,
  condition,
});
const put = (Key: string, Body = 'first', more: { IfNoneMatch?: string } = {}) =>
  client.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
const remove = (Key: string) => client.send(new DeleteObjectCommand({ Bucket, Key }));
const read = async (Key: string) => {
  const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
  return Body?.transformToString();
};

async function completing(Key: string): Promise<() => Promise<unknown>> {
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key }));
  const part = { Bucket, Key, UploadId, PartNumber: 1 };
  const { ETag } = await client.send(new UploadPartCommand({ ...part, Body: 'from parts' }));
  const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
  return () => client.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload }));
}

test('a locked object can be neither deleted nor replaced, in any way there is', async () => {
  await put('kept/a');
  await put('free/b', 'other');
  const complete = await completing('kept/a');
  await world.storage.setLocks(Bucket, [rule('kept/', { type: 'Indefinite' })]);
  expect(await refusal(remove('kept/a'))).toBe(LOCKED);
  expect(await refusal(put('kept/a', 'second'))).toBe(LOCKED);
  expect(await refusal(put('kept/a', 'first'))).toBe(LOCKED);
  expect(await refusal(complete())).toBe(LOCKED);
  const CopySource = `${Bucket}/free/b`;
  expect(await refusal(client.send(new CopyObjectCommand({ Bucket, Key: 'kept/a', CopySource })))).toBe(LOCKED);
  const Objects = [{ Key: 'kept/a' }, { Key: 'free/b' }];
  const batch = await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
  expect(batch.Errors?.map(({ Key, Code }) => [Key, Code])).toEqual([['kept/a', LOCKED]]);
  expect(batch.Deleted?.map(({ Key }) => Key)).toEqual(['free/b']);
  expect(await read('kept/a')).toBe('first');
});

test('a lock does not keep new objects out, nor reach beyond its prefix', async () => {
  await world.storage.setLocks(Bucket, [rule('new/', { type: 'Indefinite' })]);
  await put('new/a');
  expect(await refusal(put('new/a', 'second', { IfNoneMatch: '*' }))).toBe('PreconditionFailed');
  await put('newer');
  await remove('newer');
  const complete = await completing('new/from-parts');
  await complete();
  expect(await refusal(remove('new/from-parts'))).toBe(LOCKED);
});

test('a lock by age ends at that age of each object', async () => {
  await world.storage.setLocks(Bucket, [rule('aged/', { type: 'Age', maxAgeSeconds: 7 * DAY_SECONDS })]);
  await put('aged/a');
  expect(await refusal(remove('aged/a'))).toBe(LOCKED);
  world.clock.aheadMs = 7 * DAY_SECONDS * 1000 - 10_000;
  // The client learns the server's time from its refusals, as it does with S3 itself.
  const skewed = clientOf(world.place(Bucket), { systemClockOffset: world.clock.aheadMs });
  expect(await refusal(skewed.send(new DeleteObjectCommand({ Bucket, Key: 'aged/a' })))).toBe(LOCKED);
  world.clock.aheadMs += 20_000;
  expect(await refusal(skewed.send(new DeleteObjectCommand({ Bucket, Key: 'aged/a' })))).toBeNull();
  world.clock.aheadMs = 0;
  skewed.destroy();
});

test('a lock until a date ends on it, and the strictest rule decides', async () => {
  const tomorrow = new Date(Date.now() + DAY_SECONDS * 1000).toISOString();
  await put('dated/a');
  await world.storage.setLocks(Bucket, [
    rule('dated/', { type: 'Date', date: '2020-01-01' }),
    rule('dated/', { type: 'Indefinite' }, false),
    rule('dated/', { type: 'Date', date: tomorrow }),
  ]);
  expect(await refusal(remove('dated/a'))).toBe(LOCKED);
  await world.storage.setLocks(Bucket, [
    rule('dated/', { type: 'Date', date: '2020-01-01' }),
    rule('dated/', { type: 'Indefinite' }, false),
  ]);
  expect(await refusal(remove('dated/a'))).toBeNull();
});

test('a rule holds for a write that began before it and ends after it', async () => {
  await put('boundary/a');
  const complete = await completing('boundary/a');
  const body = new PassThrough();
  const slow = client.send(new PutObjectCommand({ Bucket, Key: 'boundary/a', Body: body, ContentLength: 20_000 }));
  body.write(Buffer.alloc(10_000));
  const drafts = join(world.folder, Bucket, 'drafts');
  while ((await readdir(drafts)).length === 0) await new Promise((resolve) => setImmediate(resolve));
  await world.storage.setLocks(Bucket, [rule('boundary/', { type: 'Indefinite' })]);
  body.end(Buffer.alloc(10_000));
  expect(await refusal(slow)).toBe(LOCKED);
  expect(await refusal(complete())).toBe(LOCKED);
  expect(await read('boundary/a')).toBe('first');
});

test('locks outlive a restart', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'dumont-storage-'));
  try {
    {
      await using before = await storageWorld({ folder });
      await before.storage.setLocks('hot', [rule('', { type: 'Indefinite' })]);
      const there = clientOf(before.place());
      await there.send(new PutObjectCommand({ Bucket: 'hot', Key: 'a', Body: 'x' }));
      there.destroy();
    }
    await using after = await storageWorld({ folder });
    const there = clientOf(after.place());
    expect(after.storage.locks('hot')).toEqual([rule('', { type: 'Indefinite' })]);
    expect(await refusal(there.send(new DeleteObjectCommand({ Bucket: 'hot', Key: 'a' })))).toBe(LOCKED);
    there.destroy();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('no key that speaks S3 can see or change a lock', async () => {
  await world.storage.setLocks(Bucket, [rule('kept/', { type: 'Indefinite' })]);
  for (const query of ['lock', 'object-lock', 'policy', 'lifecycle']) {
    for (const method of ['PUT', 'DELETE']) {
      const reply = await fetch(`${world.storage.endpoint}/${Bucket}?${query}`, { method });
      expect(reply.ok).toBe(false);
    }
  }
  expect(await refusal(remove('kept/a'))).toBe(LOCKED);
});
