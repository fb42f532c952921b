import { CreateMultipartUploadCommand, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import {
  descriptionKey,
  installationKey,
  metadataKey,
  repositoryPrefix,
  vaultName,
} from '../../engine/domain/layout.ts';
import { DEFAULTS } from '../../engine/domain/settings.ts';
import type { Workspace } from '../../engine/domain/workspace.ts';
import { repositoryAccess } from '../../engine/steps/access.ts';
import { s3Storage } from '../../engine/storage/s3.ts';
import { clientOf, statusOf } from '../contracts/storage-client.ts';
import { type Aim, VERBS, type Verb } from '../contracts/storage-verbs.ts';
import { ROOT, storageWorld } from './storage-world.ts';

const WORKSPACE = { id: 'lab', createdAt: 1, sealedPassword: '' } as Workspace;

/** Every place where something of value lies, and what the machine of `lab` may reach: its own repository. */
const PLACES: Readonly<Record<string, readonly [bucket: string, key: string]>> = {
  'own repository': ['hot', `${repositoryPrefix('lab')}data/00/pack`],
  "another's": ['hot', `${repositoryPrefix('train')}data/00/pack`],
  'one whose name begins alike': ['hot', `${repositoryPrefix('lab-2')}data/00/pack`],
  'own catalogue': ['hot', metadataKey('lab', 'a'.repeat(64))],
  'own description': ['hot', descriptionKey('lab', 'aa')],
  programs: ['hot', 'kit/agent.gz'],
  installation: ['hot', installationKey('aa')],
  'own in the vault': ['vault', `${repositoryPrefix(vaultName(WORKSPACE))}data/00/pack`],
  'the same key in the vault': ['vault', `${repositoryPrefix('lab')}data/00/pack`],
};

test('the credential that a machine is given reaches its own repository, and nothing else of any kind', async () => {
  await using world = await storageWorld();
  await world.storage.setLocks('vault', [
    { id: 'vault', enabled: true, prefix: '', condition: { type: 'Age', maxAgeSeconds: 86_400 } },
  ]);
  const place = world.place();
  using storage = s3Storage({ ...place, parent: { ...ROOT, account: 'local' }, now: Date.now });
  // As the engine hands it out, and not something like it.
  const repositories = { password: async () => 'x' } as never;
  const settings = { ...DEFAULTS, installation: 'test' };
  const { credentials } = await repositoryAccess(WORKSPACE, { storage, repositories, settings });
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  const root = clientOf(place);
  const machine = clientOf(place, { credentials: { accessKeyId, secretAccessKey, sessionToken }, maxAttempts: 1 });
  const table: string[][] = [];
  for (const verb of Object.keys(VERBS) as Verb[]) {
    const row: string[] = [verb];
    for (const [Bucket, where] of Object.values(PLACES)) {
      const Key = `${where}-${verb}`;
      await root.send(new PutObjectCommand({ Bucket, Key, Body: 'untouched' }));
      const { UploadId = '' } = await root.send(new CreateMultipartUploadCommand({ Bucket, Key }));
      const aim: Aim = { Bucket, Key, UploadId, prefix: Key.slice(0, Key.lastIndexOf('/') + 1) };
      const status = await statusOf(VERBS[verb](machine, aim).then(() => ({ $metadata: { httpStatusCode: 200 } })));
      row.push(status === 200 ? 'yes' : String(status));
      if (where === PLACES['own repository']?.[1]) continue;
      const { Body } = await root.send(new GetObjectCommand({ Bucket, Key }));
      expect(await Body?.transformToString(), `${verb} changed ${Key}`).toBe('untouched');
    }
    table.push(row);
  }
  root.destroy();
  machine.destroy();
  console.log(draw([['as the machine of lab', ...Object.keys(PLACES)], ...table]));
  const reached = table.flatMap(([verb = '', own, ...others]) => [
    ...(own === 'yes' ? [verb] : []),
    ...(others.includes('yes') ? [`${verb} elsewhere`] : []),
  ]);
  expect(reached.toSorted()).toEqual([
    'AbortMultipartUpload',
    'CompleteMultipartUpload',
    'CreateMultipartUpload',
    'DeleteObject',
    'GetObject',
    'HeadObject',
    'ListObjectsV1',
    'ListObjectsV2',
    'PutObject',
    'UploadPart',
  ]);
  expect(new Set(table.flatMap(([, , ...others]) => others))).toEqual(new Set(['403']));
});

function draw(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows.map((row) => row.map((cell, i) => cell.padEnd(widths[i]!)).join('  ')).join('\n');
}
