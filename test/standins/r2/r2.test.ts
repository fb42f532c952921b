import { execFile } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { expect, test, vi } from 'vitest';
import * as restic from '../../../engine/restic/commands.ts';
import { s3Storage } from '../../../engine/storage/s3.ts';
import { clientOf } from '../../contracts/storage-client.ts';
import { resticProgram } from '../../restic/which-restic.ts';
import { ROOT } from '../../storage/storage-world.ts';
import { machineOn, REACH } from './machine.ts';
import { type Asked, type R2, standInForR2 } from './r2.ts';

const { signal } = new AbortController();
vi.setConfig({ testTimeout: 60_000 });

test('each call is billed as Cloudflare says, and what is refused at the door is not', async () => {
  await using r2 = await standInForR2();
  using storage = s3Storage({ ...r2.place(), parent: { ...ROOT, account: 'local' }, now: Date.now });
  await storage.put('lab/a', Buffer.from('x'), signal);
  await storage.get('lab/a', signal);
  await storage.list('lab/', signal);
  const [one] = await storage.list('lab/', signal);
  await storage.copyFrom(storage, one!, { as: 'lab/b', replace: false }, signal);
  await storage.remove('lab/a', signal);
  const counted = r2.counted();
  expect(counted).toEqual({ a: 4, b: 1, free: 1 });
  expect(r2.dollars(counted)).toBeCloseTo((4 * 4.5 + 0.36) / 1e6, 12);
  const stranger = clientOf({ ...r2.place(), accessKeyId: 'nobody' }, { maxAttempts: 1 });
  await expect(stranger.send(new GetObjectCommand({ Bucket: 'hot', Key: 'lab/b' }))).rejects.toThrow();
  stranger.destroy();
  expect(r2.counted()).toEqual({ a: 0, b: 0, free: 0 });
  // What a create-only write finds taken is billed all the same.
  await expect(storage.put('lab/b', Buffer.from('y'), signal, { onlyIfAbsent: true })).rejects.toThrow();
  expect(r2.counted().a).toBe(1);
});

test('a key takes one write a second; other keys and reads do not wait', async () => {
  await using r2 = await standInForR2();
  r2.weather.writeEveryMs = 1_000;
  const client = clientOf(r2.place(), { maxAttempts: 1 });
  const put = async (Key: string) => await client.send(new PutObjectCommand({ Bucket: 'hot', Key, Body: 'x' }));
  await put('lab/a');
  await expect(put('lab/a')).rejects.toMatchObject({ name: 'TooManyRequests', $metadata: { httpStatusCode: 429 } });
  await put('lab/b');
  await client.send(new GetObjectCommand({ Bucket: 'hot', Key: 'lab/a' }));
  r2.world.clock.aheadMs += 1_000;
  await put('lab/a');
  client.destroy();
});

test('on a narrow line bytes take their time, and answers theirs', async () => {
  await using r2 = await standInForR2();
  using storage = s3Storage({ ...r2.place(), parent: { ...ROOT, account: 'local' }, now: Date.now });
  await storage.put('lab/large', Buffer.alloc(300_000), signal);
  const timed = async (): Promise<number> => {
    const began = performance.now();
    await storage.get('lab/large', signal);
    return performance.now() - began;
  };
  r2.weather.bytesPerSecond = 1_000_000;
  expect(await timed()).toBeGreaterThan(280);
  r2.weather.bytesPerSecond = Number.POSITIVE_INFINITY;
  r2.weather.latencyMs = 150;
  expect(await timed()).toBeGreaterThan(149);
});

/** Every third call of a kind goes wrong. */
function stormy(r2: R2, faults: readonly NonNullable<ReturnType<R2['weather']['fault']>>[]): { met: number } {
  const storm = { met: 0 };
  let calls = 0;
  r2.weather.fault = ({ action }: Asked) => {
    calls += 1;
    if (calls % 3 !== 0 || action.startsWith('List')) return undefined;
    storm.met += 1;
    return faults[storm.met % faults.length];
  };
  return storm;
}

const FAULTS = [
  { do: 'answer', status: 503, code: 'ServiceUnavailable' },
  { do: 'answer', status: 429, code: 'TooManyRequests' },
  { do: 'answer', status: 500, code: 'InternalError' },
  { do: 'drop' },
  { do: 'lose-answer' },
] as const;

test('our own client comes through what passes', async () => {
  await using r2 = await standInForR2();
  using storage = s3Storage({ ...r2.place(), parent: { ...ROOT, account: 'local' }, now: Date.now });
  const storm = stormy(r2, FAULTS);
  for (let i = 0; i < 12; i++) {
    await storage.put(`lab/${i}`, Buffer.from(String(i)), signal);
    expect(Buffer.from((await storage.get(`lab/${i}`, signal)) ?? []).toString()).toBe(String(i));
  }
  expect(storm.met).toBeGreaterThan(8);
  expect(await storage.list('lab/', signal)).toHaveLength(12);
});

test.skipIf(resticProgram === null)('restic comes through what passes, and its repository is whole', async () => {
  await using r2 = await standInForR2();
  await using machine = await machineOn(r2.world);
  const storm = stormy(r2, FAULTS);
  for (let i = 0; i < 2; i++) {
    writeFileSync(join(machine.root, 'work/a.py'), `print(${i})`);
    await machine.backUp();
  }
  expect(storm.met).toBeGreaterThan(3);
  r2.weather.fault = () => undefined;
  const { lines } = await machine.run(restic.check(REACH, '100%'), true);
  expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ num_errors: 0 });
});

/** A client of other people: it signs by itself. */
const CURL = '/usr/bin/curl';

test.skipIf(!existsSync(CURL))('a second S3 client puts, gets, lists and removes as well', async () => {
  await using r2 = await standInForR2();
  const { endpoint, bucket } = r2.place();
  const file = join(r2.world.folder, 'sent');
  writeFileSync(file, 'from curl');
  const curl = async (...args: string[]): Promise<string> => {
    const signed = ['--aws-sigv4', 'aws:amz:auto:s3', '--user', `${ROOT.accessKeyId}:${ROOT.secretAccessKey}`];
    const { stdout } = await promisify(execFile)(CURL, ['--silent', '--fail-with-body', ...signed, ...args]);
    return stdout;
  };
  const unsigned = ['--header', 'x-amz-content-sha256: UNSIGNED-PAYLOAD'];
  await curl(...unsigned, '--upload-file', file, `${endpoint}/${bucket}/lab/a`);
  expect(await curl(...unsigned, `${endpoint}/${bucket}/lab/a`)).toBe('from curl');
  expect(await curl(...unsigned, `${endpoint}/${bucket}?list-type=2&prefix=lab%2F`)).toContain('<Key>lab/a</Key>');
  await curl(...unsigned, '--request', 'DELETE', `${endpoint}/${bucket}/lab/a`);
  await expect(curl(...unsigned, `${endpoint}/${bucket}/lab/a`)).rejects.toThrow();
  rmSync(file);
  const client = clientOf(r2.place());
  await client.send(new PutObjectCommand({ Bucket: bucket, Key: 'lab/b', Body: 'x' }));
  client.destroy();
  expect(await curl(...unsigned, `${endpoint}/${bucket}/lab/b`)).toBe('x');
});
