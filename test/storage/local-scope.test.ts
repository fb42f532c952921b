import { createHmac } from 'node:crypto';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, expect, test } from 'vitest';
import { ACTIONS } from '../../engine/storage/actions.ts';
import { s3Storage } from '../../engine/storage/s3.ts';
import { secretOf, signTemporaryCredentials } from '../../engine/storage/temporary-credentials.ts';
import { clientOf, refusal, statusOf } from '../contracts/storage-client.ts';
import { scopeContract } from '../contracts/storage-scope.ts';
import { ROOT, type StorageWorld, storageWorld } from './storage-world.ts';

const stack = new AsyncDisposableStack();
afterAll(() => stack.disposeAsync());

scopeContract(async () => {
  const world = stack.use(await storageWorld());
  return { ...world.place(), prefix: 'scope/', account: 'local', otherBucket: 'vault' };
});

test('the token has the form that R2 documents', async () => {
  const now = Date.UTC(2026, 10, 21, 9);
  const parent = { ...ROOT, account: 'account-1' };
  const endpoint = 'https://account-1.r2.cloudflarestorage.com';
  using storage = s3Storage({ endpoint, bucket: 'hot', region: 'auto', parent, now: () => now });
  const issued = await storage.issue({ prefix: 'lab/repo/', access: 'read', ttlMs: 900_000 });
  const token = Buffer.from(issued.sessionToken, 'base64').toString();
  expect(token).toMatch(/^jwt\/[\w-]+\.[\w-]+\.[\w-]+$/);
  const jwt = token.slice('jwt/'.length);
  const [head = '', claims = '', signature] = jwt.split('.');
  expect(JSON.parse(Buffer.from(head, 'base64url').toString())).toEqual({ alg: 'HS256', typ: 'JWT' });
  expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toEqual({
    bucket: 'hot',
    scope: 'object-read-only',
    actions: ['HeadObject', 'GetObject', 'ListObjectsV1', 'ListObjectsV2'],
    paths: { prefixPaths: ['lab/repo/'], objectPaths: [] },
    sub: 'account-1',
    iss: ROOT.accessKeyId,
    aud: 'account-1.r2.cloudflarestorage.com',
    iat: now / 1000,
    exp: now / 1000 + 900,
  });
  expect(signature).toBe(createHmac('sha256', ROOT.secretAccessKey).update(`${head}.${claims}`).digest('base64url'));
  expect(issued).toMatchObject({
    accessKeyId: ROOT.accessKeyId,
    secretAccessKey: secretOf(jwt),
    expiresAt: now + 900_000,
  });
});

test('a prefix without its slash is not issued, since it would reach its neighbours too', async () => {
  const parent = { ...ROOT, account: 'local' };
  using storage = s3Storage({ endpoint: 'http://127.0.0.1:9', bucket: 'hot', region: 'auto', parent, now: Date.now });
  await expect(storage.issue({ prefix: 'lab', access: 'read', ttlMs: 60_000 })).rejects.toThrow('neighbours');
});

const ALTERED: readonly (readonly [string, (claims: Record<string, unknown>) => object])[] = [
  ['another bucket', (claims) => ({ ...claims, bucket: 'vault' })],
  ['another prefix', (claims) => ({ ...claims, paths: { prefixPaths: [''], objectPaths: [] } })],
  ['no paths', ({ paths: _, ...claims }) => claims],
  ['a later end', (claims) => ({ ...claims, exp: 4_000_000_000 })],
];

test.each(ALTERED)('a token that was changed to have %s is worth nothing', async (_, change) => {
  await using world = await storageWorld();
  const [head, claims, signature] = jwtOf(grantOf(world)).split('.') as [string, string, string];
  const changed = Buffer.from(JSON.stringify(change(JSON.parse(Buffer.from(claims, 'base64url').toString()))));
  expect(await readWith(world, `${head}.${changed.toString('base64url')}.${signature}`)).toBe('InvalidToken');
});

test('a token that claims to need no signature, or another kind of one, is worth nothing', async () => {
  await using world = await storageWorld();
  const [, claims] = jwtOf(grantOf(world)).split('.') as [string, string, string];
  const none = Buffer.from(JSON.stringify({ alg: 'none', typ: 'JWT' })).toString('base64url');
  expect(await readWith(world, `${none}.${claims}.`)).toBe('InvalidToken');
  const signature = createHmac('sha256', ROOT.secretAccessKey).update(`${none}.${claims}`).digest('base64url');
  expect(await readWith(world, `${none}.${claims}.${signature}`)).toBe('InvalidToken');
});

test.each([
  ['not from now', { iat: 4_000_000_000, exp: 4_000_000_100 }],
  ['longer than a week', { iat: 1_700_000_000, exp: 4_000_000_000 }],
  ['without anything it allows', { scope: undefined, actions: undefined }],
  ['with an action that does not exist', { actions: ['GetObject', 'DeleteBucket'] }],
  ['from another key', { iss: 'AKOTHER' }],
  ['without an audience', { aud: undefined }],
])('a well-signed token that is %s is refused', async (_, claims) => {
  await using world = await storageWorld();
  const now = Math.floor(Date.now() / 1000);
  const whole = { bucket: 'hot', scope: 'object-read-only', sub: 'local', iss: ROOT.accessKeyId, aud: 'x' };
  expect(await readWith(world, sign({ ...whole, iat: now, exp: now + 60, ...claims }))).toBe('InvalidToken');
  expect(await readWith(world, sign({ ...whole, iat: now, exp: now + 60 }))).toBe('NoSuchKey');
});

test('a credential ends at its moment, also on a server that has seen it before', async () => {
  await using world = await storageWorld();
  const jwt = jwtOf(grantOf(world));
  expect(await readWith(world, jwt)).toBe('NoSuchKey');
  world.clock.aheadMs = 60_000;
  expect(await readWith(world, jwt)).toBe('ExpiredToken');
});

test('a child never exceeds its parent', async () => {
  const reader = { accessKeyId: 'AKREADER', secretAccessKey: 'reader-secret' };
  await using world = await storageWorld({ keys: [{ ...reader, scope: 'object-read-only', buckets: ['hot'] }] });
  const root = clientOf(world.place());
  for (const Bucket of ['hot', 'vault']) await root.send(new PutObjectCommand({ Bucket, Key: 'lab/x', Body: 'x' }));
  const childFor = (bucket: string) => {
    const grant = { endpoint: world.storage.endpoint, bucket, scope: 'admin-read-write', actions: ACTIONS } as const;
    const parent = { ...reader, account: 'local' };
    const credentials = signTemporaryCredentials(parent, { ...grant, prefixes: ['lab/'], ttlMs: 60_000 }, Date.now());
    return clientOf({ ...world.place(), ...credentials }, { credentials });
  };
  const own = childFor('hot');
  expect(await statusOf(own.send(new GetObjectCommand({ Bucket: 'hot', Key: 'lab/x' })))).toBe(200);
  expect(await statusOf(own.send(new PutObjectCommand({ Bucket: 'hot', Key: 'lab/x', Body: 'y' })))).toBe(403);
  const other = childFor('vault');
  expect(await statusOf(other.send(new GetObjectCommand({ Bucket: 'vault', Key: 'lab/x' })))).toBe(403);
  for (const client of [root, own, other]) client.destroy();
});

function grantOf(world: StorageWorld): string {
  const grant = {
    endpoint: world.storage.endpoint,
    bucket: 'hot',
    scope: 'object-read-only',
    actions: ACTIONS,
  } as const;
  const parent = { ...ROOT, account: 'local' };
  return signTemporaryCredentials(parent, { ...grant, prefixes: ['lab/'], ttlMs: 60_000 }, Date.now()).sessionToken;
}

function jwtOf(sessionToken: string): string {
  return Buffer.from(sessionToken, 'base64').toString().slice('jwt/'.length);
}

function sign(claims: object): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
  return `${signed}.${createHmac('sha256', ROOT.secretAccessKey).update(signed).digest('base64url')}`;
}

/** How a read of a missing key of ours is refused with this token: NoSuchKey is what somebody hears who may read. */
async function readWith(world: StorageWorld, jwt: string): Promise<string | null> {
  const sessionToken = Buffer.from(`jwt/${jwt}`).toString('base64');
  const credentials = { accessKeyId: ROOT.accessKeyId, secretAccessKey: secretOf(jwt), sessionToken };
  const client = clientOf(world.place(), { credentials, maxAttempts: 1, systemClockOffset: world.clock.aheadMs });
  try {
    return await refusal(client.send(new GetObjectCommand({ Bucket: 'hot', Key: 'lab/none' })));
  } finally {
    client.destroy();
  }
}
