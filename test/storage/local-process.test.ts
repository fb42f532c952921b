import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HeadObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isFailure } from '../../engine/domain/failures.ts';
import { startStorage } from '../../engine/storage/local/start-storage.ts';
import { clientOf, keysBelow, refusal } from '../contracts/storage-client.ts';
import { ROOT, storageWorld } from './storage-world.ts';

const Bucket = 'hot';
const signal = AbortSignal.timeout(60_000);
const keys = [{ ...ROOT, scope: 'object-read-write' as const }];
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dumont-storage-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

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

test('a process that is told to end does so, with what it was given on disk', async () => {
  const options = { folder, port: 0, keys, buckets: [Bucket], onLog: () => {} };
  await using first = await startStorage(options, signal);
  const client = new S3Client({ endpoint: first.endpoint, region: 'auto', forcePathStyle: true, credentials: ROOT });
  await client.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'x' }));
  process.kill(first.pid, 'SIGTERM');
  await first.ended;
  client.destroy();
  await using world = await storageWorld({ folder });
  const there = clientOf(world.place());
  expect(await keysBelow(there, Bucket, '')).toEqual(['a']);
  there.destroy();
});

test('a process that cannot start says why', async () => {
  await writeFile(join(folder, 'file'), '');
  const options = { folder: join(folder, 'file', 'below'), port: 0, keys, buckets: [Bucket], onLog: () => {} };
  const started = startStorage(options, signal);
  await expect(started).rejects.toSatisfy(
    (thrown) => isFailure(thrown, 'storage_down') && /ENOTDIR/.test(thrown.message),
  );
});
