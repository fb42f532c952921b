import { randomBytes } from 'node:crypto';
import {
  AbortMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { expect } from 'vitest';
import {
  descriptionKey,
  installationKey,
  kitKey,
  metadataKey,
  repositoryPrefix,
  vaultName,
} from '../../engine/domain/layout.ts';
import type { Credentials } from '../../engine/domain/ports.ts';
import { DEFAULTS } from '../../engine/domain/settings.ts';
import type { Workspace } from '../../engine/domain/workspace.ts';
import { repositoryAccess } from '../../engine/steps/access.ts';
import { s3Storage } from '../../engine/storage/s3.ts';
import { clientOf, type S3Place, statusOf } from './storage-client.ts';
import { type Aim, VERBS, type Verb } from './storage-verbs.ts';

/** Names that nobody else has, on a server that others use too. */
const MARK = randomBytes(4).toString('hex');
const ID = `trust-${MARK}`;
const WORKSPACE = { id: ID, createdAt: 1, sealedPassword: '' } as Workspace;

/** Every place where something of value lies, and what the machine of this workspace may reach: its own repository. */
const PLACES: Readonly<Record<string, readonly [bucket: 'hot' | 'vault', key: string]>> = {
  'own repository': ['hot', `${repositoryPrefix(ID)}data/00/pack`],
  "another's": ['hot', `${repositoryPrefix(`other-${MARK}`)}data/00/pack`],
  'one whose name begins alike': ['hot', `${repositoryPrefix(`${ID}-2`)}data/00/pack`],
  'own catalogue': ['hot', metadataKey(ID, 'a'.repeat(64))],
  'own description': ['hot', descriptionKey(ID, 'aa')],
  programs: ['hot', kitKey(MARK)],
  installation: ['hot', installationKey(MARK)],
  'own in the vault': ['vault', `${repositoryPrefix(vaultName(WORKSPACE))}data/00/pack`],
  'the same key in the vault': ['vault', `${repositoryPrefix(ID)}data/00/pack`],
};

/** Two buckets of one server, and the key that reaches both. What lies in them is nobody's. */
export interface TrustPlace extends S3Place {
  readonly vault: string;
  readonly account: string;
}

/** As the engine hands it out to the machine of `lab`, and not something like it. */
export async function issuedTo(place: TrustPlace): Promise<Credentials> {
  using storage = s3Storage({ ...place, parent: place, now: Date.now });
  const repositories = { password: async () => 'x' } as never;
  const settings = { ...DEFAULTS, installation: 'test' };
  return (await repositoryAccess(WORKSPACE, { storage, repositories, settings })).credentials;
}

/** Tries every verb at every place with that credential, prints what came of it, and looks that nothing else was changed. */
export async function trustTable(
  place: TrustPlace,
  credentials: { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string },
  of: string,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const root = clientOf(place);
  const machine = clientOf(place, { credentials, maxAttempts: 1 });
  try {
    const table = new Map<string, readonly string[]>();
    for (const verb of Object.keys(VERBS) as Verb[]) table.set(verb, await tried(verb, place, root, machine));
    console.log(draw([[of, ...Object.keys(PLACES)], ...[...table].map(([verb, row]) => [verb, ...row])]));
    return table;
  } finally {
    root.destroy();
    machine.destroy();
  }
}

async function tried(verb: Verb, place: TrustPlace, root: S3Client, machine: S3Client): Promise<string[]> {
  const row: string[] = [];
  for (const [bucket, where] of Object.values(PLACES)) {
    const Bucket = bucket === 'hot' ? place.bucket : place.vault;
    const Key = `${where}-${verb}`;
    await root.send(new PutObjectCommand({ Bucket, Key, Body: 'untouched' }));
    const { UploadId = '' } = await root.send(new CreateMultipartUploadCommand({ Bucket, Key }));
    const aim: Aim = { Bucket, Key, UploadId, prefix: Key.slice(0, Key.lastIndexOf('/') + 1) };
    const status = await statusOf(VERBS[verb](machine, aim).then(() => ({ $metadata: { httpStatusCode: 200 } })));
    row.push(status === 200 ? 'yes' : String(status));
    if (where !== PLACES['own repository']?.[1] || bucket !== 'hot') {
      const { Body } = await root.send(new GetObjectCommand({ Bucket, Key }));
      expect(await Body?.transformToString(), `${verb} changed ${Key}`).toBe('untouched');
    }
    await statusOf(root.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId })));
    for (const left of [Key, `${Key}-copy`]) await statusOf(root.send(new DeleteObjectCommand({ Bucket, Key: left })));
  }
  return row;
}

/** The same in the words of those servers that know policies. They cannot tell a copy from a write, nor one removal from many. */
export function policyFor({ bucket }: TrustPlace, user: string): object {
  const arn = `arn:aws:s3:::${bucket}`;
  const own = repositoryPrefix(ID);
  const objects = ['GetObject', 'PutObject', 'DeleteObject', 'AbortMultipartUpload'].map((verb) => `s3:${verb}`);
  const allow = { Effect: 'Allow', Principal: { AWS: [user] } };
  return {
    Version: '2012-10-17',
    Statement: [
      { ...allow, Action: objects, Resource: `${arn}/${own}*` },
      { ...allow, Action: 's3:ListBucket', Resource: arn, Condition: { StringLike: { 's3:prefix': `${own}*` } } },
    ],
  };
}

/** What a machine may do in its own repository; nothing of it, nor anything else, anywhere else. */
const MACHINE_MAY: readonly string[] = [
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
];

export function expectOnlyItsOwn(
  table: ReadonlyMap<string, readonly string[]>,
  { alsoOwn = [] }: { readonly alsoOwn?: readonly string[] } = {},
): void {
  const reached = [...table].flatMap(([verb, [own, ...others]]) => [
    ...(own === 'yes' ? [verb] : []),
    ...(others.includes('yes') ? [`${verb} elsewhere`] : []),
  ]);
  expect(reached.toSorted()).toEqual([...MACHINE_MAY, ...alsoOwn].toSorted());
  expect(new Set([...table.values()].flatMap(([, ...others]) => others))).toEqual(new Set(['403']));
}

function draw(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows.map((row) => row.map((cell, i) => cell.padEnd(widths[i]!)).join('  ')).join('\n');
}
