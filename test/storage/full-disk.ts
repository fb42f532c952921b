import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { Failure } from '../../engine/domain/failures.ts';
import { s3Storage } from '../../engine/storage/s3.ts';
import { clientOf, keysBelow, refusal } from '../contracts/storage-client.ts';
import { ROOT, storageWorld } from './storage-world.ts';

/** Run with a folder on a disk of 8 MB; prints what happened there. */
const folder = process.argv[2] ?? '';
const Bucket = 'hot';
await using world = await storageWorld({ folder });
const client = clientOf(world.place(), { maxAttempts: 1 });
const parent = { ...ROOT, account: 'local' };
using storage = s3Storage({ endpoint: world.storage.endpoint, bucket: Bucket, region: 'auto', parent, now: Date.now });

await client.send(new PutObjectCommand({ Bucket, Key: 'kept', Body: 'kept' }));
const Body = randomBytes(12 * 1024 * 1024);
const tooLarge = await refusal(client.send(new PutObjectCommand({ Bucket, Key: 'kept', Body })));
const failure = await storage.put('kept', Body, AbortSignal.timeout(10_000)).then(
  () => null,
  (thrown) => (thrown instanceof Failure ? thrown.code : String(thrown)),
);
const { Body: kept } = await client.send(new GetObjectCommand({ Bucket, Key: 'kept' }));
const small = await refusal(
  client.send(new PutObjectCommand({ Bucket, Key: 'small', Body: randomBytes(5 * 1024 * 1024) })),
);
console.log(
  JSON.stringify({
    tooLarge,
    kept: await kept?.transformToString(),
    small,
    keys: await keysBelow(client, Bucket, ''),
    drafts: await readdir(join(folder, Bucket, 'drafts')),
    failure,
  }),
);
client.destroy();
