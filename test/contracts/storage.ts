import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetBucketLocationCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Hand, handOf, md5, refusal, type S3Place, statusOf } from './storage-client.ts';

/** What every S3 client expects of an object, asked through the unchanged SDK. */
export function objectContract(open: () => Promise<S3Place>): void {
  describe('objects', () => {
    let s3: Hand;

    beforeAll(async () => {
      s3 = handOf(await open());
    });

    afterAll(() => s3[Symbol.asyncDispose]());

    test('an object comes back as it was put, with all that was said about it', async () => {
      const body = randomBytes(100_000);
      const written = await s3.put('whole', body, {
        ContentType: 'text/x-weights',
        CacheControl: 'no-store',
        ContentDisposition: 'attachment; filename="a b.txt"',
        ContentEncoding: 'gzip',
        ContentLanguage: 'pt',
        Metadata: { sequence: '17', 'two-words': 'some  text' },
      });
      expect(written.ETag).toBe(`"${md5(body)}"`);
      const read = await s3.get('whole');
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
      const head = await s3.client.send(new HeadObjectCommand(s3.at('whole')));
      expect(head).toMatchObject({ ContentLength: 100_000, ContentType: 'text/x-weights', ETag: read.ETag });
      expect(head.LastModified?.getTime()).toBe(read.LastModified?.getTime());
    });

    test('an empty object and one that arrives as a stream are objects like any other', async () => {
      await s3.put('empty', new Uint8Array());
      expect((await s3.get('empty')).bytes.length).toBe(0);
      const body = randomBytes(3_000_001);
      const pieces = Readable.from([
        body.subarray(0, 9_007),
        body.subarray(9_007, 1_500_000),
        body.subarray(1_500_000),
      ]);
      await s3.put('stream', pieces, { ContentLength: body.length });
      expect((await s3.get('stream')).bytes.equals(body)).toBe(true);
    });

    test('a second put replaces the first, at once and for lists too', async () => {
      await s3.put('again', 'first');
      await s3.put('again', 'the second');
      expect((await s3.get('again')).bytes.toString()).toBe('the second');
      const listed = await s3.list('again');
      expect(listed.Contents?.map(({ Size, ETag }) => [Size, ETag])).toEqual([
        [10, `"${md5(Buffer.from('the second'))}"`],
      ]);
    });

    test('a deleted object is gone at once, and deleting it again is no error', async () => {
      await s3.put('short-lived', 'x');
      await s3.client.send(new DeleteObjectCommand(s3.at('short-lived')));
      expect(await refusal(s3.get('short-lived'))).toBe('NoSuchKey');
      expect(await statusOf(s3.client.send(new HeadObjectCommand(s3.at('short-lived'))))).toBe(404);
      expect((await s3.list('short-lived')).names).toEqual([]);
      expect(await statusOf(s3.client.send(new DeleteObjectCommand(s3.at('short-lived'))))).toBe(204);
    });

    test('what is not there is named: the key, the bucket', async () => {
      expect(await refusal(s3.get('never'))).toBe('NoSuchKey');
      expect(await refusal(s3.client.send(new GetObjectCommand({ Bucket: 'no-such-bucket-here', Key: 'x' })))).toBe(
        'NoSuchBucket',
      );
      expect(await statusOf(s3.client.send(new HeadBucketCommand({ Bucket: s3.place.bucket })))).toBe(200);
      expect(await statusOf(s3.client.send(new HeadBucketCommand({ Bucket: 'no-such-bucket-here' })))).toBe(404);
      expect(await statusOf(s3.client.send(new GetBucketLocationCommand({ Bucket: s3.place.bucket })))).toBe(200);
    });

    test.each([
      ['bytes=0-0', 206, '0', 'bytes 0-0/10'],
      ['bytes=2-4', 206, '234', 'bytes 2-4/10'],
      ['bytes=7-', 206, '789', 'bytes 7-9/10'],
      ['bytes=-3', 206, '789', 'bytes 7-9/10'],
      ['bytes=-30', 206, '0123456789', 'bytes 0-9/10'],
      ['bytes=8-99', 206, '89', 'bytes 8-9/10'],
    ])('the range %s is answered with its bytes', async (Range, status, text, contentRange) => {
      await s3.put(`ten-${Range}`, '0123456789');
      const read = await s3.get(`ten-${Range}`, { Range });
      expect([read.$metadata.httpStatusCode, read.bytes.toString(), read.ContentRange]).toEqual([
        status,
        text,
        contentRange,
      ]);
    });

    test('a range behind the end is refused with 416', async () => {
      await s3.put('ten', '0123456789');
      expect(await refusal(s3.get('ten', { Range: 'bytes=10-' }))).toBe('InvalidRange');
      expect(await statusOf(s3.get('ten', { Range: 'bytes=10-12' }))).toBe(416);
    });

    test('a read can be bound to what the reader knows', async () => {
      const { ETag = '' } = await s3.put('conditional', 'x');
      const before = new Date(Date.now() - 3_600_000);
      const after = new Date(Date.now() + 3_600_000);
      expect(await statusOf(s3.get('conditional', { IfMatch: ETag }))).toBe(200);
      expect(await statusOf(s3.get('conditional', { IfMatch: '"0123456789abcdef0123456789abcdef"' }))).toBe(412);
      expect(await statusOf(s3.get('conditional', { IfNoneMatch: ETag }))).toBe(304);
      expect(await statusOf(s3.get('conditional', { IfNoneMatch: '"0123456789abcdef0123456789abcdef"' }))).toBe(200);
      expect(await statusOf(s3.get('conditional', { IfModifiedSince: before }))).toBe(200);
      expect(await statusOf(s3.get('conditional', { IfUnmodifiedSince: before }))).toBe(412);
      expect(await statusOf(s3.get('conditional', { IfUnmodifiedSince: after }))).toBe(200);
      expect(
        await statusOf(s3.client.send(new HeadObjectCommand({ ...s3.at('conditional'), IfNoneMatch: ETag }))),
      ).toBe(304);
    });

    test('a write can be bound to what is there, and what is there stays when it is refused', async () => {
      const { ETag = '' } = await s3.put('bound', 'first', { IfNoneMatch: '*' });
      expect(await refusal(s3.put('bound', 'second', { IfNoneMatch: '*' }))).toBe('PreconditionFailed');
      expect(await refusal(s3.put('bound', 'second', { IfMatch: '"0123456789abcdef0123456789abcdef"' }))).toBe(
        'PreconditionFailed',
      );
      expect((await s3.get('bound')).bytes.toString()).toBe('first');
      await s3.put('bound', 'second', { IfMatch: ETag });
      expect((await s3.get('bound')).bytes.toString()).toBe('second');
    });

    test('of many who create the same object at once exactly one succeeds', async () => {
      const racers = Array.from({ length: 16 }, (_, i) => statusOf(s3.put('race', `racer ${i}`, { IfNoneMatch: '*' })));
      const results = await Promise.all(racers);
      expect(results.filter((status) => status === 200)).toHaveLength(1);
      expect(results.every((status) => [200, 409, 412].includes(status))).toBe(true);
      expect((await s3.get('race')).bytes.toString()).toBe(`racer ${results.indexOf(200)}`);
    });

    test.each(['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const)(
      'a %s checksum is checked, kept and given back',
      async (ChecksumAlgorithm) => {
        const name = `checksum-${ChecksumAlgorithm}`;
        const body = randomBytes(70_001);
        await s3.put(name, body, { ChecksumAlgorithm });
        const read = await s3.get(name, { ChecksumMode: 'ENABLED' });
        expect(read.bytes.equals(body)).toBe(true);
        const field = `Checksum${ChecksumAlgorithm}` as const;
        expect(read[field]).toMatch(/^[A-Za-z0-9+/]+=*$/);
        const wrong = Buffer.from(read[field] ?? '', 'base64').map((byte) => byte ^ 1);
        expect(await statusOf(s3.put(`${name}-wrong`, body, { [field]: Buffer.from(wrong).toString('base64') }))).toBe(
          400,
        );
        expect(await refusal(s3.get(`${name}-wrong`))).toBe('NoSuchKey');
      },
    );

    test('a body that does not fit its Content-MD5 is refused and leaves nothing', async () => {
      const right = createHash('md5').update('right').digest('base64');
      await s3.put('md5', 'right', { ContentMD5: right });
      expect(await refusal(s3.put('md5-wrong', 'wrong', { ContentMD5: right }))).toBe('BadDigest');
      expect(await refusal(s3.put('md5-odd', 'x', { ContentMD5: 'AAAA' }))).toBe('InvalidDigest');
      expect(await refusal(s3.get('md5-wrong'))).toBe('NoSuchKey');
    });

    test('a copy keeps what was said about its source, or says something new', async () => {
      const { ETag = '' } = await s3.put('source é +', 'the bytes', {
        ContentType: 'text/plain',
        Metadata: { from: 'here' },
      });
      const CopySource = encodeURI(`${s3.place.bucket}/${s3.place.prefix}source é +`).replaceAll('+', '%2B');
      const copied = await s3.client.send(new CopyObjectCommand({ ...s3.at('copy'), CopySource }));
      expect(copied.CopyObjectResult?.ETag).toBe(ETag);
      const copy = await s3.get('copy');
      expect([copy.bytes.toString(), copy.ContentType, copy.Metadata]).toEqual([
        'the bytes',
        'text/plain',
        { from: 'here' },
      ]);
      const changed = { MetadataDirective: 'REPLACE', Metadata: { from: 'there' } } as const;
      await s3.client.send(new CopyObjectCommand({ ...s3.at('copy-2'), CopySource, ...changed }));
      expect((await s3.get('copy-2')).Metadata).toEqual({ from: 'there' });
      const bound = { CopySourceIfMatch: '"0123456789abcdef0123456789abcdef"' };
      expect(await statusOf(s3.client.send(new CopyObjectCommand({ ...s3.at('copy-3'), CopySource, ...bound })))).toBe(
        412,
      );
      const missing = `${s3.place.bucket}/${s3.place.prefix}not-there`;
      expect(await refusal(s3.client.send(new CopyObjectCommand({ ...s3.at('copy-3'), CopySource: missing })))).toBe(
        'NoSuchKey',
      );
    });
  });
}
