import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketLocationCommand,
  GetObjectCommand,
  type GetObjectCommandInput,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  PutObjectCommand,
  type PutObjectCommandInput,
  paginateListObjectsV2,
  S3Client,
  type S3ClientConfig,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

/** A server that speaks S3, and a bucket of it in which everything below `prefix` is ours. */
export interface S3Place {
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  readonly prefix: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface Dialect {
  /** It keeps objects as files under their own names, and so refuses names that no file can have. */
  readonly namesAreFiles: boolean;
}

/** A client as the SDK makes it, with nothing changed but where to go. */
export function clientOf(place: S3Place, options: S3ClientConfig = {}): S3Client {
  return new S3Client({
    endpoint: place.endpoint,
    region: place.region,
    forcePathStyle: true,
    credentials: { accessKeyId: place.accessKeyId, secretAccessKey: place.secretAccessKey },
    ...options,
  });
}

/** The code a server refused with; null when it did not. */
export async function refusal(call: Promise<unknown>): Promise<string | null> {
  try {
    await call;
    return null;
  } catch (thrown) {
    if (thrown instanceof S3ServiceException) return thrown.name;
    throw thrown;
  }
}

export async function statusOf(call: Promise<unknown>): Promise<number> {
  try {
    const output = (await call) as { $metadata: { httpStatusCode?: number } };
    return output.$metadata.httpStatusCode ?? 0;
  } catch (thrown) {
    if (thrown instanceof S3ServiceException) return thrown.$metadata.httpStatusCode ?? 0;
    throw thrown;
  }
}

export async function keysBelow(client: S3Client, bucket: string, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const page of paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: prefix })) {
    keys.push(...(page.Contents ?? []).flatMap(({ Key }) => Key ?? []));
  }
  return keys;
}

export async function emptyBelow(client: S3Client, bucket: string, prefix: string): Promise<void> {
  const keys = await keysBelow(client, bucket, prefix);
  for (let at = 0; at < keys.length; at += 1000) {
    const Objects = keys.slice(at, at + 1000).map((Key) => ({ Key }));
    await client.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects } }));
  }
}

export const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex');

/** What every S3 client expects of an object store, asked through the unchanged SDK. */
export function objectContract(open: () => Promise<S3Place>, dialect: Dialect = { namesAreFiles: false }): void {
  describe('objects', () => {
    let place: S3Place;
    let client: S3Client;
    let Bucket: string;
    const at = (name: string) => ({ Bucket, Key: place.prefix + name });
    const put = (
      name: string,
      Body: NonNullable<PutObjectCommandInput['Body']>,
      more: Partial<PutObjectCommandInput> = {},
    ) => client.send(new PutObjectCommand({ ...at(name), Body, ...more }));
    const get = async (name: string, more: Partial<GetObjectCommandInput> = {}) => {
      const output = await client.send(new GetObjectCommand({ ...at(name), ...more }));
      return { ...output, bytes: Buffer.from((await output.Body?.transformToByteArray()) ?? []) };
    };
    const list = async (more: Partial<ListObjectsV2CommandInput> & { below?: string } = {}) => {
      const { below = '', ...input } = more;
      const output = await client.send(new ListObjectsV2Command({ Bucket, Prefix: place.prefix + below, ...input }));
      const short = (key: string | undefined) => (key ?? '').slice(place.prefix.length);
      return {
        ...output,
        keys: (output.Contents ?? []).map(({ Key }) => short(Key)),
        groups: (output.CommonPrefixes ?? []).map(({ Prefix }) => short(Prefix)),
      };
    };

    beforeAll(async () => {
      place = await open();
      client = clientOf(place);
      Bucket = place.bucket;
    });

    afterAll(async () => {
      await emptyBelow(client, Bucket, place.prefix);
      client.destroy();
    });

    test('an object comes back as it was put, with all that was said about it', async () => {
      const body = randomBytes(100_000);
      const written = await put('whole', body, {
        ContentType: 'text/x-weights',
        CacheControl: 'no-store',
        ContentDisposition: 'attachment; filename="a b.txt"',
        ContentEncoding: 'gzip',
        ContentLanguage: 'pt',
        Metadata: { sequence: '17', 'two-words': 'some  text' },
      });
      expect(written.ETag).toBe(`"${md5(body)}"`);
      const read = await get('whole');
      expect(read.bytes.equals(body)).toBe(true);
      expect(read).toMatchObject({
        ContentType: 'text/x-weights',
        CacheControl: 'no-store',
        ContentDisposition: 'attachment; filename="a b.txt"',
        ContentEncoding: 'gzip',
        ContentLanguage: 'pt',
        ContentLength: 100_000,
        ETag: `"${md5(body)}"`,
        Metadata: { sequence: '17' },
        AcceptRanges: 'bytes',
      });
      const head = await client.send(new HeadObjectCommand(at('whole')));
      expect(head).toMatchObject({ ContentLength: 100_000, ContentType: 'text/x-weights', ETag: read.ETag });
      expect(head.LastModified?.getTime()).toBe(read.LastModified?.getTime());
    });

    test('an empty object and one that arrives as a stream are objects like any other', async () => {
      await put('empty', new Uint8Array());
      expect((await get('empty')).bytes.length).toBe(0);
      const body = randomBytes(3_000_001);
      const pieces = Readable.from([
        body.subarray(0, 9_007),
        body.subarray(9_007, 1_500_000),
        body.subarray(1_500_000),
      ]);
      await put('stream', pieces, { ContentLength: body.length });
      expect((await get('stream')).bytes.equals(body)).toBe(true);
    });

    test('a second put replaces the first, at once and for lists too', async () => {
      await put('again', 'first');
      await put('again', 'the second');
      expect((await get('again')).bytes.toString()).toBe('the second');
      const listed = await list({ below: 'again' });
      expect(listed.Contents?.map(({ Size, ETag }) => [Size, ETag])).toEqual([
        [10, `"${md5(Buffer.from('the second'))}"`],
      ]);
    });

    test('a deleted object is gone at once, and deleting it again is no error', async () => {
      await put('short-lived', 'x');
      await client.send(new DeleteObjectCommand(at('short-lived')));
      expect(await refusal(get('short-lived'))).toBe('NoSuchKey');
      expect(await statusOf(client.send(new HeadObjectCommand(at('short-lived'))))).toBe(404);
      expect((await list({ below: 'short-lived' })).keys).toEqual([]);
      expect(await statusOf(client.send(new DeleteObjectCommand(at('short-lived'))))).toBe(204);
    });

    test('what is not there is named: the key, the bucket', async () => {
      expect(await refusal(get('never'))).toBe('NoSuchKey');
      expect(await refusal(client.send(new GetObjectCommand({ Bucket: 'no-such-bucket-here', Key: 'x' })))).toBe(
        'NoSuchBucket',
      );
      expect(await statusOf(client.send(new HeadBucketCommand({ Bucket })))).toBe(200);
      expect(await statusOf(client.send(new HeadBucketCommand({ Bucket: 'no-such-bucket-here' })))).toBe(404);
      expect(await statusOf(client.send(new GetBucketLocationCommand({ Bucket })))).toBe(200);
    });

    test.each([
      ['bytes=0-0', 206, '0', 'bytes 0-0/10'],
      ['bytes=2-4', 206, '234', 'bytes 2-4/10'],
      ['bytes=7-', 206, '789', 'bytes 7-9/10'],
      ['bytes=-3', 206, '789', 'bytes 7-9/10'],
      ['bytes=-30', 206, '0123456789', 'bytes 0-9/10'],
      ['bytes=8-99', 206, '89', 'bytes 8-9/10'],
    ])('the range %s is answered with its bytes', async (Range, status, text, contentRange) => {
      await put(`ten-${Range}`, '0123456789');
      const read = await get(`ten-${Range}`, { Range });
      expect([read.$metadata.httpStatusCode, read.bytes.toString(), read.ContentRange]).toEqual([
        status,
        text,
        contentRange,
      ]);
    });

    test('a range behind the end is refused with 416', async () => {
      await put('ten', '0123456789');
      expect(await refusal(get('ten', { Range: 'bytes=10-' }))).toBe('InvalidRange');
      expect(await statusOf(get('ten', { Range: 'bytes=10-12' }))).toBe(416);
    });

    test('a read can be bound to what the reader knows', async () => {
      const { ETag = '' } = await put('conditional', 'x');
      const before = new Date(Date.now() - 3_600_000);
      const after = new Date(Date.now() + 3_600_000);
      expect(await statusOf(get('conditional', { IfMatch: ETag }))).toBe(200);
      expect(await statusOf(get('conditional', { IfMatch: '"0123456789abcdef0123456789abcdef"' }))).toBe(412);
      expect(await statusOf(get('conditional', { IfNoneMatch: ETag }))).toBe(304);
      expect(await statusOf(get('conditional', { IfNoneMatch: '"0123456789abcdef0123456789abcdef"' }))).toBe(200);
      expect(await statusOf(get('conditional', { IfModifiedSince: before }))).toBe(200);
      expect(await statusOf(get('conditional', { IfUnmodifiedSince: before }))).toBe(412);
      expect(await statusOf(get('conditional', { IfUnmodifiedSince: after }))).toBe(200);
      expect(await statusOf(client.send(new HeadObjectCommand({ ...at('conditional'), IfNoneMatch: ETag })))).toBe(304);
    });

    test('a write can be bound to what is there, and what is there stays when it is refused', async () => {
      const { ETag = '' } = await put('bound', 'first', { IfNoneMatch: '*' });
      expect(await refusal(put('bound', 'second', { IfNoneMatch: '*' }))).toBe('PreconditionFailed');
      expect(await refusal(put('bound', 'second', { IfMatch: '"0123456789abcdef0123456789abcdef"' }))).toBe(
        'PreconditionFailed',
      );
      expect((await get('bound')).bytes.toString()).toBe('first');
      await put('bound', 'second', { IfMatch: ETag });
      expect((await get('bound')).bytes.toString()).toBe('second');
    });

    test('of many who create the same object at once exactly one succeeds', async () => {
      const racers = Array.from({ length: 16 }, (_, i) => statusOf(put('race', `racer ${i}`, { IfNoneMatch: '*' })));
      const results = await Promise.all(racers);
      expect(results.filter((status) => status === 200)).toHaveLength(1);
      expect(results.every((status) => [200, 409, 412].includes(status))).toBe(true);
      expect((await get('race')).bytes.toString()).toBe(`racer ${results.indexOf(200)}`);
    });

    test.each(['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const)(
      'a %s checksum is checked, kept and given back',
      async (ChecksumAlgorithm) => {
        const name = `checksum-${ChecksumAlgorithm}`;
        const body = randomBytes(70_001);
        await put(name, body, { ChecksumAlgorithm });
        const read = await get(name, { ChecksumMode: 'ENABLED' });
        expect(read.bytes.equals(body)).toBe(true);
        const field = `Checksum${ChecksumAlgorithm}` as const;
        expect(read[field]).toMatch(/^[A-Za-z0-9+/]+=*$/);
        const wrong = Buffer.from(read[field] ?? '', 'base64').map((byte) => byte ^ 1);
        expect(await statusOf(put(`${name}-wrong`, body, { [field]: Buffer.from(wrong).toString('base64') }))).toBe(
          400,
        );
        expect(await refusal(get(`${name}-wrong`))).toBe('NoSuchKey');
      },
    );

    test('a body that does not fit its Content-MD5 is refused and leaves nothing', async () => {
      const right = createHash('md5').update('right').digest('base64');
      await put('md5', 'right', { ContentMD5: right });
      expect(await refusal(put('md5-wrong', 'wrong', { ContentMD5: right }))).toBe('BadDigest');
      expect(await refusal(put('md5-odd', 'x', { ContentMD5: 'AAAA' }))).toBe('InvalidDigest');
      expect(await refusal(get('md5-wrong'))).toBe('NoSuchKey');
    });

    test('lists know prefixes, groups, pages and where to start', async () => {
      const names = ['a', 'b/1', 'b/2', 'b/c/3', 'd', 'e/1'];
      for (const name of names) await put(`tree/${name}`, name);
      const below = 'tree/';
      expect((await list({ below })).keys).toEqual(names.map((name) => below + name));
      expect((await list({ below: 'tree/b' })).keys).toEqual(['tree/b/1', 'tree/b/2', 'tree/b/c/3']);
      const grouped = await list({ below, Delimiter: '/' });
      expect([grouped.keys, grouped.groups, grouped.KeyCount]).toEqual([
        ['tree/a', 'tree/d'],
        ['tree/b/', 'tree/e/'],
        4,
      ]);
      expect((await list({ below: 'tree/b/', Delimiter: '/' })).groups).toEqual(['tree/b/c/']);
      expect((await list({ below, StartAfter: `${place.prefix}tree/b/2` })).keys).toEqual(
        ['b/c/3', 'd', 'e/1'].map((name) => below + name),
      );
      expect((await list({ below: 'tree/nothing' })).keys).toEqual([]);
      expect((await list({ below, MaxKeys: 0 })).keys).toEqual([]);

      const seen: string[] = [];
      let token: string | undefined;
      do {
        const page = await list({ below, Delimiter: '/', MaxKeys: 1, ...(token ? { ContinuationToken: token } : {}) });
        expect(page.keys.length + page.groups.length).toBe(1);
        seen.push(...page.keys, ...page.groups);
        token = page.NextContinuationToken;
        expect(page.IsTruncated).toBe(token !== undefined);
      } while (token);
      expect(seen).toEqual(['tree/a', 'tree/b/', 'tree/d', 'tree/e/']);
    });

    test('the older form of lists gives the same pages', async () => {
      for (const name of ['a', 'b/1', 'b/2', 'c']) await put(`old/${name}`, 'x');
      const seen: string[] = [];
      let Marker: string | undefined;
      do {
        const page = await client.send(
          new ListObjectsCommand({
            Bucket,
            Prefix: `${place.prefix}old/`,
            Delimiter: '/',
            MaxKeys: 1,
            ...(Marker ? { Marker } : {}),
          }),
        );
        seen.push(...(page.Contents ?? []).map(({ Key }) => Key ?? ''));
        seen.push(...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix ?? ''));
        Marker = page.IsTruncated ? page.NextMarker : undefined;
      } while (Marker);
      expect(seen).toEqual(['a', 'b/', 'c'].map((name) => `${place.prefix}old/${name}`));
    });

    test('keys with every awkward character are kept, listed in byte order and read back', async () => {
      const names = [
        ...['a b', 'a+b', 'a%2Fb', 'a&b=c?d#e', "it's", '"quoted"', '<tag>', 'back\\slash', 'tilde~', '(*)', 'é', 'ｆ'],
        ...['日本', '😀', 'UPPER', 'upper', 'dot.', '.hidden', '-', '@:;,$!'],
      ];
      for (const name of names) await put(`odd/${name}`, name);
      const expected = names
        .map((name) => `odd/${name}`)
        .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      expect((await list({ below: 'odd/' })).keys).toEqual(expected);
      for (const name of names) expect((await get(`odd/${name}`)).bytes.toString()).toBe(name);
    });

    test.skipIf(dialect.namesAreFiles)('a key is a name and never a path', async () => {
      const long = 'k'.repeat(1024 - Buffer.byteLength(`${place.prefix}trick/`));
      const names = ['../up', '../../etc/passwd', '..', '.', './x', 'a//b', '/lead', 'dir/', 'dir', 'dir/in', 'a\0b'];
      const all = [...names, 'line\nbreak', '\u0001', '%2e%2e%2f', 'CON', 'é/../é', long];
      for (const name of all) await put(`trick/${name}`, name);
      const expected = all
        .map((name) => `trick/${name}`)
        .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      expect((await list({ below: 'trick/' })).keys).toEqual(expected);
      for (const name of all) expect((await get(`trick/${name}`)).bytes.toString()).toBe(name);
      expect(await statusOf(put(`trick/${long}x`, 'x'))).toBe(400);
    });

    test('many are deleted in one call, each for itself', async () => {
      const names = Array.from({ length: 30 }, (_, i) => `batch/${i} & <${i}>`);
      await Promise.all(names.map((name) => put(name, 'x')));
      const Objects = [...names, 'batch/never-there'].map((name) => ({ Key: place.prefix + name }));
      const loud = await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: Objects.slice(0, 10) } }));
      expect(loud.Deleted?.map(({ Key }) => Key)).toEqual(Objects.slice(0, 10).map(({ Key }) => Key));
      const rest = { Objects: Objects.slice(10), Quiet: true };
      const quiet = await client.send(new DeleteObjectsCommand({ Bucket, Delete: rest }));
      expect(quiet.Errors).toBeUndefined();
      expect((await list({ below: 'batch/' })).keys).toEqual([]);
    });

    test('a copy keeps what was said about its source, or says something new', async () => {
      const { ETag = '' } = await put('source é +', 'the bytes', {
        ContentType: 'text/plain',
        Metadata: { from: 'here' },
      });
      const CopySource = encodeURI(`${Bucket}/${place.prefix}source é +`).replaceAll('+', '%2B');
      const copied = await client.send(new CopyObjectCommand({ ...at('copy'), CopySource }));
      expect(copied.CopyObjectResult?.ETag).toBe(ETag);
      const copy = await get('copy');
      expect([copy.bytes.toString(), copy.ContentType, copy.Metadata]).toEqual([
        'the bytes',
        'text/plain',
        { from: 'here' },
      ]);
      const changed = { MetadataDirective: 'REPLACE', Metadata: { from: 'there' } } as const;
      await client.send(new CopyObjectCommand({ ...at('copy-2'), CopySource, ...changed }));
      expect((await get('copy-2')).Metadata).toEqual({ from: 'there' });
      const bound = { CopySourceIfMatch: '"0123456789abcdef0123456789abcdef"' };
      expect(await statusOf(client.send(new CopyObjectCommand({ ...at('copy-3'), CopySource, ...bound })))).toBe(412);
      const missing = `${Bucket}/${place.prefix}not-there`;
      expect(await refusal(client.send(new CopyObjectCommand({ ...at('copy-3'), CopySource: missing })))).toBe(
        'NoSuchKey',
      );
    });

    test('a presigned URL does one thing with one object, until it expires', async () => {
      const plain = clientOf(place, { requestChecksumCalculation: 'WHEN_REQUIRED' });
      const putUrl = await getSignedUrl(plain, new PutObjectCommand(at('by-url')), { expiresIn: 60 });
      expect((await fetch(putUrl, { method: 'PUT', body: 'by URL' })).status).toBe(200);
      const getUrl = await getSignedUrl(plain, new GetObjectCommand(at('by-url')), { expiresIn: 60 });
      expect(await (await fetch(getUrl)).text()).toBe('by URL');
      expect(await (await fetch(getUrl, { headers: { range: 'bytes=3-' } })).text()).toBe('URL');
      expect((await fetch(getUrl, { method: 'DELETE' })).status).toBe(403);
      expect((await fetch(getUrl, { method: 'PUT', body: 'x' })).status).toBe(403);
      expect((await fetch(getUrl.replace('by-url', 'by-urk'))).status).toBe(403);
      expect((await fetch(getUrl.replace('X-Amz-Expires=60', 'X-Amz-Expires=600'))).status).toBe(403);
      const anHourAgo = new Date(Date.now() - 3_600_000);
      const oldUrl = await getSignedUrl(plain, new GetObjectCommand(at('by-url')), {
        expiresIn: 60,
        signingDate: anHourAgo,
      });
      expect([400, 403]).toContain((await fetch(oldUrl)).status);
      plain.destroy();
    });

    test('a presigned URL cannot be given another meaning', async () => {
      const plain = clientOf(place, { requestChecksumCalculation: 'WHEN_REQUIRED' });
      await put('secret', 'secret');
      const url = await getSignedUrl(plain, new PutObjectCommand(at('mine')), { expiresIn: 60 });
      const headers = { 'x-amz-copy-source': `/${Bucket}/${place.prefix}secret` };
      expect([400, 403]).toContain((await fetch(url, { method: 'PUT', headers })).status);
      expect(await refusal(get('mine'))).toBe('NoSuchKey');
      plain.destroy();
    });

    test('nobody gets in with a wrong secret, an unknown key or no signature', async () => {
      await put('guarded', 'x');
      const { accessKeyId, secretAccessKey } = place;
      const as = (credentials: { accessKeyId: string; secretAccessKey: string }) => {
        const other = clientOf(place, { credentials });
        return refusal(other.send(new GetObjectCommand(at('guarded')))).finally(() => other.destroy());
      };
      expect(await as({ accessKeyId, secretAccessKey: `${secretAccessKey}x` })).toBe('SignatureDoesNotMatch');
      expect(await as({ accessKeyId: 'AKUNKNOWN0000', secretAccessKey })).not.toBeNull();
      const bare = await fetch(`${place.endpoint}/${Bucket}/${place.prefix}guarded`);
      expect([401, 403]).toContain(bare.status);
      expect(await bare.text()).toContain('<Code>');
    });
  });
}
