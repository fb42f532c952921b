import { randomBytes } from 'node:crypto';
import { test } from 'vitest';
import { s3Storage } from '../../engine/storage/s3.ts';
import { objectContract } from '../contracts/storage.ts';
import { accessContract } from '../contracts/storage-access.ts';
import type { S3Place } from '../contracts/storage-client.ts';
import { listContract } from '../contracts/storage-lists.ts';
import { multipartContract } from '../contracts/storage-multipart.ts';
import { storageContract } from '../contracts/storage-port.ts';
import { findRestic, resticContract } from '../contracts/storage-restic.ts';
import { scopeContract } from '../contracts/storage-scope.ts';
import { expectOnlyItsOwn, issuedTo, trustTable } from '../contracts/storage-trust.ts';

/**
 * The same questions put to a real server, so that the local one is held to reality. It is named like this, with what it
 * is in the query: `https://KEY:SECRET@account.r2.cloudflarestorage.com/bucket?region=auto&other-bucket=NAME`. The second
 * bucket is for servers with R2's temporary credentials, which are then tried too; `names-are-files` is for servers that
 * keep objects as files under their own names.
 */
// biome-ignore lint/style/noProcessEnv: only these tests are told where a real server is
const named = process.env.DUMONT_TEST_S3;

if (named === undefined) {
  console.warn('SKIPPED: no real S3 server is asked, since DUMONT_TEST_S3 names none');
  test.skip('no real S3 server is asked, since DUMONT_TEST_S3 names none', () => {});
} else {
  const url = new URL(named);
  const place: S3Place = {
    endpoint: url.origin,
    region: url.searchParams.get('region') ?? 'auto',
    bucket: url.pathname.slice(1),
    prefix: `dumont-test-${randomBytes(6).toString('hex')}/`,
    accessKeyId: decodeURIComponent(url.username),
    secretAccessKey: decodeURIComponent(url.password),
  };
  const below = (name: string) => ({ ...place, prefix: `${place.prefix}${name}/` });
  objectContract(async () => below('objects'));
  listContract(async () => below('lists'), { namesAreFiles: url.searchParams.has('names-are-files') });
  accessContract(async () => below('access'));
  multipartContract(async () => below('parts'));
  const account = url.hostname.split('.')[0] ?? '';
  const storage = s3Storage({ ...place, parent: { ...place, account }, now: Date.now });
  storageContract(async () => ({ storage, prefix: below('port').prefix }));

  const otherBucket = url.searchParams.get('other-bucket');
  if (otherBucket !== null) {
    scopeContract(async () => ({ ...below('scope'), account, otherBucket }));
    test('the credential that a machine is given reaches its own repository there, and nothing else', async () => {
      const there = { ...place, vault: otherBucket, account };
      expectOnlyItsOwn(await trustTable(there, await issuedTo(there), 'as the machine of lab'));
    });
  } else console.warn('SKIPPED: the trust table, since DUMONT_TEST_S3 names no other-bucket');

  const restic = findRestic();
  const scoped = otherBucket !== null;
  if (restic !== null) {
    resticContract(restic, async () => ({
      ...below('restic'),
      scoped,
      issue: async (prefix, access) => (scoped ? storage.issue({ prefix, access, ttlMs: 600_000 }) : place),
    }));
  }
}
