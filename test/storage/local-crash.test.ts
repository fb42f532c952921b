import { randomInt } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { startStorage } from '../../engine/storage/local/start-storage.ts';
import { keysBelow } from '../contracts/storage-client.ts';
import { ROOT } from './storage-world.ts';

const signal = AbortSignal.timeout(60_000);
const Bucket = 'hot';

function start(folder: string) {
  const keys = [{ ...ROOT, scope: 'object-read-write' as const }];
  return startStorage({ folder, port: 0, keys, buckets: [Bucket], onLog: () => {} }, signal);
}

function clientAt(endpoint: string): S3Client {
  return new S3Client({ endpoint, region: 'auto', forcePathStyle: true, credentials: ROOT, maxAttempts: 1 });
}

/** A body that says which version it is in every line, so that a torn one cannot look whole. */
function bodyOf(key: string, version: number, bytes: number): Buffer {
  const line = `${key} ${version}\n`;
  return Buffer.from(line.repeat(Math.ceil(bytes / line.length)));
}

interface Written {
  /** The last version that was acknowledged; 0: none. A delete is the version without a body. */
  acknowledged: number;
  /** The last one that was sent. */
  sent: number;
  readonly sizes: Map<number, number>;
}

async function write(client: S3Client, Key: string, written: Written): Promise<void> {
  while (true) {
    const version = written.sent + 1;
    const size = version % 5 === 0 ? 0 : randomInt(1, 400_000);
    written.sizes.set(version, size);
    written.sent = version;
    const call =
      size === 0
        ? client.send(new DeleteObjectCommand({ Bucket, Key }))
        : client.send(new PutObjectCommand({ Bucket, Key, Body: bodyOf(Key, version, size) }));
    try {
      await call;
    } catch {
      return; // the server is dead
    }
    written.acknowledged = version;
  }
}

test('a server killed in the middle of writes has every acknowledged object, and none that is torn', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'dumont-crash-'));
  const history = new Map(
    Array.from({ length: 12 }, (_, i) => [`key ${i}`, { acknowledged: 0, sent: 0, sizes: new Map() } as Written]),
  );
  try {
    for (let round = 0; round < 3; round += 1) {
      await using storage = await start(folder);
      const client = clientAt(storage.endpoint);
      const writers = [...history].map(([key, written]) => write(client, key, written));
      const large = client.send(
        new PutObjectCommand({ Bucket, Key: `large ${round}`, Body: Buffer.alloc(64 * 1024 * 1024, 'x') }),
      );
      large.catch(() => {});
      const enough = 60 * (round + 1);
      while ([...history.values()].reduce((sum, one) => sum + one.acknowledged, 0) < enough) await tick();
      process.kill(storage.pid, 'SIGKILL');
      await Promise.all(writers);
      client.destroy();
      const largeDone = await large.then(
        () => true,
        () => false,
      );
      await check(folder, history, round, largeDone);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

async function check(folder: string, history: Map<string, Written>, round: number, largeDone: boolean): Promise<void> {
  await using storage = await start(folder);
  const client = clientAt(storage.endpoint);
  const keys = await keysBelow(client, Bucket, '');
  for (const [key, written] of history) {
    const possible: (string | null)[] = [];
    for (let version = written.acknowledged; version <= written.sent; version += 1) {
      const size = written.sizes.get(version) ?? 0;
      possible.push(size === 0 ? null : bodyOf(key, version, size).toString());
    }
    const found = keys.includes(key) ? await read(client, key) : null;
    expect(possible.includes(found), `${key} is one of versions ${written.acknowledged} to ${written.sent}`).toBe(true);
    // What came through is what the next round goes on from.
    written.acknowledged += possible.indexOf(found);
  }
  const large = `large ${round}`;
  expect(keys.filter((key) => key.startsWith('large')).includes(large)).toBe(largeDone);
  expect(await readdir(join(folder, Bucket, 'drafts'))).toEqual([]);
  client.destroy();
}

async function read(client: S3Client, Key: string): Promise<string> {
  const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
  return (await Body?.transformToString()) ?? '';
}

function tick(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
