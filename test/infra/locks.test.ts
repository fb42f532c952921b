import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { repositoryLocks, vaultLocks } from '../../infra/storage/rules.ts';
import { clientOf, refusal } from '../contracts/storage-client.ts';
import { ROOT as S3_KEY, type StorageWorld, storageWorld } from '../storage/storage-world.ts';

const { env } = process;
const RESTIC = env.DUMONT_RESTIC;
const LOCKED = 'ObjectLockedByBucketPolicy';

/** Real restic on storage that enforces exactly the rules that the program sets. */
describe.skipIf(!RESTIC)('the rules that the program sets', { timeout: 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'dumont-locks-'));
  let world: StorageWorld;
  let client: S3Client;
  beforeAll(async () => {
    world = await storageWorld({ buckets: ['hot', 'vault', 'state'] });
    client = clientOf(world.place('vault'), { maxAttempts: 1 });
    await world.storage.setLocks('vault', vaultLocks(30));
    await world.storage.setLocks('state', repositoryLocks('control-host', 30));
    mkdirSync(join(folder, 'work'));
  });
  afterAll(async () => {
    client.destroy();
    await world[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  const restic = async (repository: string, ...argv: readonly string[]): Promise<string> => {
    const repo = `s3:${world.storage.endpoint}/${repository}`;
    const environment = {
      AWS_ACCESS_KEY_ID: S3_KEY.accessKeyId,
      AWS_SECRET_ACCESS_KEY: S3_KEY.secretAccessKey,
      RESTIC_PASSWORD: 'test',
      RESTIC_CACHE_DIR: join(folder, 'cache'),
    };
    const { stdout } = await promisify(execFile)(RESTIC!, ['--repo', repo, ...argv], { env: environment });
    return stdout;
  };
  const write = (text: string): void => writeFileSync(join(folder, 'work', 'notes'), text);
  const keys = async (bucket: string, prefix: string): Promise<string[]> => {
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix }));
    return Contents.map(({ Key = '' }) => Key);
  };

  test('the hot repository of a workspace made after "up" is pruned; its copy in the vault is neither removed nor replaced', async () => {
    const hot = 'hot/made-later/repo';
    write('first');
    await restic(hot, 'init');
    await restic(hot, 'backup', join(folder, 'work'));
    for (const Key of await keys('hot', 'made-later/repo/'))
      if (!Key.includes('/locks/'))
        await client.send(new CopyObjectCommand({ Bucket: 'vault', Key, CopySource: `hot/${Key}` }));

    write('second');
    await restic(hot, 'backup', join(folder, 'work'));
    await restic(hot, 'forget', '--keep-last', '1', '--prune');
    expect(JSON.parse(await restic(hot, 'snapshots', '--json'))).toHaveLength(1);

    const held = await keys('vault', 'made-later/repo/');
    expect(new Set(held.map((key) => key.split('/')[2]))).toEqual(
      new Set(['config', 'data', 'index', 'keys', 'snapshots']),
    );
    for (const Key of held) {
      expect(await refusal(client.send(new DeleteObjectCommand({ Bucket: 'vault', Key })))).toBe(LOCKED);
      expect(await refusal(client.send(new PutObjectCommand({ Bucket: 'vault', Key, Body: 'forged' })))).toBe(LOCKED);
    }
    await restic('vault/made-later/repo', 'restore', 'latest', '--no-lock', '--target', join(folder, 'back'));
    expect(readFileSync(join(folder, 'back', folder, 'work', 'notes'), 'utf8')).toBe('first');
  });

  test('where restic itself works it locks, unlocks and reads as ever; what is young can be taken by nobody', async () => {
    const state = 'state/control-host';
    await restic(state, 'init');
    write('one');
    await restic(state, 'backup', '--time', '2020-01-01 00:00:00', join(folder, 'work'));
    write('two');
    await restic(state, 'backup', join(folder, 'work'));
    expect(await keys('state', 'control-host/locks/')).toEqual([]);
    await restic(state, 'unlock', '--remove-all');
    for (const Key of [
      ...(await keys('state', 'control-host/data/')),
      ...(await keys('state', 'control-host/snapshots/')),
      'control-host/config',
    ])
      expect(await refusal(client.send(new DeleteObjectCommand({ Bucket: 'state', Key })))).toBe(LOCKED);
    // As the host does it: everything stays for longer than the lock.
    await restic(state, 'forget', '--keep-within', '31d', '--keep-yearly', '9');
    expect(JSON.parse(await restic(state, 'snapshots', '--json'))).toHaveLength(2);
    await restic(state, 'check', '--read-data');
  });
});
