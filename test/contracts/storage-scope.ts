import {
  AbortMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Credentials } from '../../engine/domain/ports.ts';
import { ACTIONS } from '../../engine/storage/actions.ts';
import { s3Storage } from '../../engine/storage/s3.ts';
import { type Grant, signTemporaryCredentials } from '../../engine/storage/temporary-credentials.ts';
import { clientOf, emptyBelow, type S3Place, statusOf } from './storage-client.ts';
import { type Aim, VERBS, type Verb } from './storage-verbs.ts';

export interface ScopePlace extends S3Place {
  readonly account: string;
  /** A second bucket that the parent key reaches. */
  readonly otherBucket: string;
}

/** What a machine may do below its own prefix; nothing of it anywhere else. */
const READS: readonly Verb[] = ['HeadObject', 'GetObject', 'ListObjectsV1', 'ListObjectsV2'];
const WRITES: readonly Verb[] = [
  ...READS,
  ...(['PutObject', 'DeleteObject', 'CreateMultipartUpload', 'UploadPart'] as const),
  ...(['CompleteMultipartUpload', 'AbortMultipartUpload'] as const),
];
const ALL = Object.keys(VERBS) as Verb[];

/** Temporary credentials as R2 has them: what they reach, verb by verb, and what they never reach. */
export function scopeContract(open: () => Promise<ScopePlace>): void {
  describe('temporary credentials', () => {
    let place: ScopePlace;
    let root: S3Client;
    const clients: S3Client[] = [];
    const made: { Bucket: string; Key: string; UploadId: string }[] = [];
    let count = 0;

    const clientWith = ({ accessKeyId, secretAccessKey, sessionToken }: Credentials) => {
      const client = clientOf(place, { credentials: { accessKeyId, secretAccessKey, sessionToken }, maxAttempts: 1 });
      clients.push(client);
      return client;
    };
    const issue = (access: 'read' | 'write') => {
      using storage = s3Storage({ ...place, parent: place, now: Date.now });
      return storage.issue({ prefix: `${place.prefix}lab/repo/`, access, ttlMs: 600_000 });
    };
    const grant = (more: Partial<Grant>) =>
      signTemporaryCredentials(
        place,
        {
          endpoint: place.endpoint,
          bucket: place.bucket,
          scope: 'object-read-write',
          actions: ACTIONS,
          prefixes: [`${place.prefix}lab/repo/`],
          ttlMs: 600_000,
          ...more,
        },
        Date.now(),
      );
    /** An object with an upload begun to it, made by the parent key. */
    const aimAt = async (Bucket: string, prefix: string): Promise<Aim> => {
      const Key = `${prefix}locks/${count++}`;
      await root.send(new PutObjectCommand({ Bucket, Key, Body: 'untouched' }));
      const { UploadId = '' } = await root.send(new CreateMultipartUploadCommand({ Bucket, Key }));
      made.push({ Bucket, Key, UploadId });
      return { Bucket, prefix, Key, UploadId };
    };
    const bodyOf = async ({ Bucket, Key }: Aim) => {
      const { Body } = await root.send(new GetObjectCommand({ Bucket, Key }));
      return Body?.transformToString();
    };

    beforeAll(async () => {
      place = await open();
      root = clientOf(place);
      clients.push(root);
    });

    afterAll(async () => {
      for (const upload of made) await statusOf(root.send(new AbortMultipartUploadCommand(upload)));
      for (const bucket of [place.bucket, place.otherBucket]) await emptyBelow(root, bucket, place.prefix);
      for (const client of clients) client.destroy();
    });

    test('the table has every action there is', () => {
      expect(ALL.filter((verb) => verb !== 'HeadBucket').sort()).toEqual([...ACTIONS].sort());
    });

    for (const access of ['read', 'write'] as const) {
      const allowed = access === 'read' ? READS : WRITES;

      test.each(ALL)(`a machine that may ${access}: %s`, async (verb) => {
        const client = clientWith(await issue(access));
        const own = await aimAt(place.bucket, `${place.prefix}lab/repo/`);
        const status = await statusOf(VERBS[verb](client, own).then(() => ({ $metadata: { httpStatusCode: 200 } })));
        expect(status).toBe(allowed.includes(verb) ? 200 : 403);

        const elsewhere = [
          await aimAt(place.bucket, `${place.prefix}other/repo/`),
          await aimAt(place.bucket, `${place.prefix}lab/repo2/`),
          await aimAt(place.bucket, `${place.prefix}lab/`),
          await aimAt(place.otherBucket, `${place.prefix}lab/repo/`),
        ];
        for (const aim of elsewhere) {
          expect([aim.Bucket, aim.prefix, await statusOf(VERBS[verb](client, aim))]).toEqual([
            aim.Bucket,
            aim.prefix,
            403,
          ]);
          expect(await bodyOf(aim)).toBe('untouched');
        }
      });
    }

    test('a list without a prefix, or with a shorter one, is not a list of what is ours', async () => {
      const client = clientWith(await issue('read'));
      const Bucket = place.bucket;
      for (const Prefix of [undefined, '', place.prefix, `${place.prefix}lab/`, `${place.prefix}lab/repo`]) {
        expect(await statusOf(client.send(new ListObjectsV2Command({ Bucket, Prefix })))).toBe(403);
        expect(await statusOf(client.send(new ListObjectsCommand({ Bucket, Prefix })))).toBe(403);
      }
    });

    test('a batch of deletes reaches only what is ours', async () => {
      const client = clientWith(grant({}));
      const own = await aimAt(place.bucket, `${place.prefix}lab/repo/`);
      const other = await aimAt(place.bucket, `${place.prefix}other/repo/`);
      const Objects = [{ Key: own.Key }, { Key: other.Key }];
      const batch = new DeleteObjectsCommand({ Bucket: place.bucket, Delete: { Objects } });
      const result = await client.send(batch).catch(() => null); // refused as a whole or key by key
      if (result) expect(result.Errors?.map(({ Key, Code }) => [Key, Code])).toEqual([[other.Key, 'AccessDenied']]);
      expect(await bodyOf(other)).toBe('untouched');
    });

    test('a copy cannot fetch what its maker cannot read', async () => {
      const client = clientWith(grant({}));
      const own = await aimAt(place.bucket, `${place.prefix}lab/repo/`);
      const others = [
        await aimAt(place.bucket, `${place.prefix}other/repo/`),
        await aimAt(place.otherBucket, `${place.prefix}lab/repo/`),
      ];
      const copy = (from: Aim) =>
        client.send(
          new CopyObjectCommand({
            Bucket: own.Bucket,
            Key: `${own.Key}-copy`,
            CopySource: `${from.Bucket}/${from.Key}`,
          }),
        );
      const copyPart = (from: Aim) => {
        const { Bucket, Key, UploadId } = own;
        const CopySource = `${from.Bucket}/${from.Key}`;
        return client.send(new UploadPartCopyCommand({ Bucket, Key, UploadId, PartNumber: 1, CopySource }));
      };
      expect(await statusOf(copy(own))).toBe(200);
      expect(await statusOf(copyPart(own))).toBe(200);
      for (const from of others)
        expect([await statusOf(copy(from)), await statusOf(copyPart(from))]).toEqual([403, 403]);
    });

    test('a list of actions and a scope both hold: what only one of them names is refused', async () => {
      const own = await aimAt(place.bucket, `${place.prefix}lab/repo/`);
      const narrowed = clientWith(grant({ scope: 'object-read-only', actions: ['PutObject', 'GetObject'] }));
      expect(await statusOf(VERBS.PutObject(narrowed, own))).toBe(403);
      expect(await statusOf(VERBS.GetObject(narrowed, own))).toBe(200);
      expect(await statusOf(VERBS.HeadObject(narrowed, own))).toBe(403);
    });

    test('a presigned URL made with temporary credentials reaches no further than they do', async () => {
      const own = await aimAt(place.bucket, `${place.prefix}lab/repo/`);
      const other = await aimAt(place.bucket, `${place.prefix}other/repo/`);
      const client = clientWith(await issue('read'));
      const urlOf = ({ Bucket, Key }: Aim) =>
        getSignedUrl(client, new GetObjectCommand({ Bucket, Key }), { expiresIn: 60 });
      expect((await fetch(await urlOf(own))).status).toBe(200);
      expect((await fetch(await urlOf(other))).status).toBe(403);
    });

    test('without its token, or with another one, a temporary key opens nothing', async () => {
      const own = await aimAt(place.bucket, `${place.prefix}lab/repo/`);
      const credentials = await issue('write');
      const wider = grant({ prefixes: [place.prefix] });
      const { accessKeyId, secretAccessKey } = credentials;
      const bare = clientOf(place, { credentials: { accessKeyId, secretAccessKey }, maxAttempts: 1 });
      clients.push(bare);
      expect(await statusOf(VERBS.GetObject(bare, own))).toBe(403);
      const swapped = clientWith({ ...credentials, sessionToken: wider.sessionToken });
      expect(await statusOf(VERBS.GetObject(swapped, own))).toBe(403);
    });

    test('a child cannot make a wider grandchild out of its own key', async () => {
      const other = await aimAt(place.bucket, `${place.prefix}other/repo/`);
      const child = await issue('write');
      const forged = signTemporaryCredentials(
        { account: place.account, accessKeyId: child.accessKeyId, secretAccessKey: child.secretAccessKey },
        {
          ...{ endpoint: place.endpoint, bucket: place.bucket, scope: 'admin-read-write', actions: ACTIONS },
          ...{ prefixes: [place.prefix], ttlMs: 600_000 },
        },
        Date.now(),
      );
      expect([400, 401, 403]).toContain(await statusOf(VERBS.GetObject(clientWith(forged), other)));
    });

    test('an expired credential opens nothing', async () => {
      const own = await aimAt(place.bucket, `${place.prefix}lab/repo/`);
      const { endpoint, bucket } = place;
      const grants = { endpoint, bucket, scope: 'object-read-write', actions: ACTIONS, ttlMs: 60_000 } as const;
      const old = signTemporaryCredentials(place, { ...grants, prefixes: [own.prefix] }, Date.now() - 61_000);
      expect([400, 401, 403]).toContain(await statusOf(VERBS.GetObject(clientWith(old), own)));
    });
  });
}
