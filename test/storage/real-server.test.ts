import { randomBytes } from 'node:crypto';
import { test } from 'vitest';
import { s3Storage } from '../../engine/storage/s3.ts';
import { objectContract, type S3Place } from '../contracts/storage.ts';
import { multipartContract } from '../contracts/storage-multipart.ts';
import { storageContract } from '../contracts/storage-port.ts';

/**
 * The same questions put to a real server, so that the local one is held to reality. It is named like this, with what it
 * is in the query: `https://KEY:SECRET@account.r2.cloudflarestorage.com/bucket?region=auto`
 */
// biome-ignore lint/style/noProcessEnv: only these tests are told where a real server is
const named = process.env.DUMONT_TEST_S3;

if (named === undefined) {
  test.skip('SKIPPED: no real S3 server was asked, since DUMONT_TEST_S3 names none', () => {});
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
  objectContract(async () => below('objects'), { namesAreFiles: url.searchParams.has('names-are-files') });
  multipartContract(async () => below('parts'));
  storageContract(async () => {
    const parent = { account: url.hostname.split('.')[0] ?? '', ...place };
    return { storage: s3Storage({ ...place, parent, now: Date.now }), prefix: below('port').prefix };
  });
}
