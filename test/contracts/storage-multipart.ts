import { randomBytes } from 'node:crypto';
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  type CreateMultipartUploadCommandInput,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clientOf, emptyBelow, md5, refusal, type S3Place, statusOf } from './storage-client.ts';

const PART_BYTES = 5 * 1024 * 1024;

/** Objects that arrive in parts, through the unchanged SDK. */
export function multipartContract(open: () => Promise<S3Place>): void {
  describe('objects in parts', () => {
    let place: S3Place;
    let client: S3Client;
    const at = (name: string) => ({ Bucket: place.bucket, Key: place.prefix + name });
    const begin = async (name: string, more: Partial<CreateMultipartUploadCommandInput> = {}) => {
      const { UploadId = '' } = await client.send(new CreateMultipartUploadCommand({ ...at(name), ...more }));
      return { ...at(name), UploadId };
    };
    type Begun = Awaited<ReturnType<typeof begin>>;
    const part = async (begun: Begun, PartNumber: number, Body: Uint8Array): Promise<CompletedPart> => {
      const { ETag = '' } = await client.send(new UploadPartCommand({ ...begun, PartNumber, Body }));
      return { PartNumber, ETag };
    };
    const complete = (begun: Begun, Parts: CompletedPart[], more: object = {}) =>
      client.send(new CompleteMultipartUploadCommand({ ...begun, MultipartUpload: { Parts }, ...more }));
    const read = async (name: string) => {
      const output = await client.send(new GetObjectCommand(at(name)));
      return { ...output, bytes: Buffer.from((await output.Body?.transformToByteArray()) ?? []) };
    };

    beforeAll(async () => {
      place = await open();
      client = clientOf(place);
    });

    afterAll(async () => {
      await emptyBelow(client, place.bucket, place.prefix);
      client.destroy();
    });

    const first = randomBytes(PART_BYTES);
    const second = randomBytes(PART_BYTES);
    const last = randomBytes(1234);

    test('the parts become one object, in their order, with what was said at the start', async () => {
      const begun = await begin('whole', { ContentType: 'text/x', Metadata: { a: 'b' } });
      const three = await part(begun, 3, last);
      const one = await part(begun, 1, first);
      const two = await part(begun, 2, second);
      expect(await refusal(read('whole'))).toBe('NoSuchKey');
      const { ETag } = await complete(begun, [one, two, three]);
      const stored = await read('whole');
      expect(stored.bytes.equals(Buffer.concat([first, second, last]))).toBe(true);
      const tags = Buffer.concat([first, second, last].map((bytes) => Buffer.from(md5(bytes), 'hex')));
      expect(ETag).toBe(`"${md5(tags)}-3"`);
      expect(stored).toMatchObject({ ETag, ContentType: 'text/x', Metadata: { a: 'b' } });
      expect(await statusOf(client.send(new ListPartsCommand(begun)))).toBe(404);
      const across = await client.send(
        new GetObjectCommand({ ...at('whole'), Range: `bytes=${PART_BYTES - 2}-${PART_BYTES + 1}` }),
      );
      const bytes = Buffer.from((await across.Body?.transformToByteArray()) ?? []);
      expect(bytes.equals(Buffer.concat([first.subarray(-2), second.subarray(0, 2)]))).toBe(true);
    });

    test('a part sent again replaces the one before, and only chosen parts count', async () => {
      const begun = await begin('chosen');
      const old = await part(begun, 1, second);
      const one = await part(begun, 1, first);
      await part(begun, 7, last);
      expect(await refusal(complete(begun, [old]))).toBe('InvalidPart');
      await complete(begun, [one]);
      expect((await read('chosen')).bytes.equals(first)).toBe(true);
    });

    test('what does not fit together is refused, and can still be put right', async () => {
      const begun = await begin('unfit');
      const small = await part(begun, 1, last);
      const two = await part(begun, 2, first);
      expect(await refusal(complete(begun, [small, two]))).toBe('EntityTooSmall');
      expect(await refusal(complete(begun, [two, small]))).toBe('InvalidPartOrder');
      expect(await refusal(complete(begun, [{ PartNumber: 9, ETag: '"0123456789abcdef0123456789abcdef"' }]))).toBe(
        'InvalidPart',
      );
      await complete(begun, [two]);
      expect((await read('unfit')).bytes.equals(first)).toBe(true);
    });

    test('uploads and their parts can be listed, and aborted', async () => {
      const begun = await begin('listed/a');
      await part(begun, 1, last);
      await part(begun, 2, last);
      const under = { Bucket: place.bucket, Prefix: `${place.prefix}listed/` };
      const uploads = await client.send(new ListMultipartUploadsCommand(under));
      expect(uploads.Uploads?.map(({ Key, UploadId }) => [Key, UploadId])).toEqual([[begun.Key, begun.UploadId]]);
      const parts = await client.send(new ListPartsCommand({ ...begun, MaxParts: 1 }));
      expect(parts.IsTruncated).toBe(true);
      expect(parts.Parts?.map(({ PartNumber, Size, ETag }) => [PartNumber, Size, ETag])).toEqual([
        [1, last.length, `"${md5(last)}"`],
      ]);
      const marker = parts.NextPartNumberMarker ?? '';
      const next = await client.send(new ListPartsCommand({ ...begun, PartNumberMarker: marker }));
      expect(next.Parts?.map(({ PartNumber }) => PartNumber)).toEqual([2]);
      expect(await statusOf(client.send(new AbortMultipartUploadCommand(begun)))).toBe(204);
      expect((await client.send(new ListMultipartUploadsCommand(under))).Uploads).toBeUndefined();
      expect(await refusal(part(begun, 3, last))).toBe('NoSuchUpload');
    });

    test('an upload belongs to its key', async () => {
      const begun = await begin('mine');
      const other = { ...begun, Key: `${place.prefix}yours` };
      expect(await refusal(part(other, 1, last))).toBe('NoSuchUpload');
      await client.send(new AbortMultipartUploadCommand(begun));
    });

    test('a part can be copied from an object', async () => {
      await client.send(new PutObjectCommand({ ...at('source'), Body: first }));
      const begun = await begin('from-copy');
      const CopySource = `${place.bucket}/${place.prefix}source`;
      const copied = await client.send(
        new UploadPartCopyCommand({ ...begun, PartNumber: 1, CopySource, CopySourceRange: 'bytes=10-1009' }),
      );
      await complete(begun, [{ PartNumber: 1, ETag: copied.CopyPartResult?.ETag ?? '' }]);
      expect((await read('from-copy')).bytes.equals(first.subarray(10, 1010))).toBe(true);
    });

    test('completing can be bound to there being nothing yet', async () => {
      await client.send(new PutObjectCommand({ ...at('taken'), Body: 'x' }));
      const begun = await begin('taken');
      const one = await part(begun, 1, last);
      expect(await refusal(complete(begun, [one], { IfNoneMatch: '*' }))).toBe('PreconditionFailed');
      expect((await read('taken')).bytes.toString()).toBe('x');
      await client.send(new AbortMultipartUploadCommand(begun));
    });

    test('checksums of the parts, or of the whole, are checked and kept', async () => {
      const composite = await begin('composite', { ChecksumAlgorithm: 'SHA256' });
      const parts: CompletedPart[] = [];
      for (const [index, Body] of [first, last].entries()) {
        const PartNumber = index + 1;
        const sent = await client.send(
          new UploadPartCommand({ ...composite, PartNumber, Body, ChecksumAlgorithm: 'SHA256' }),
        );
        parts.push({ PartNumber, ETag: sent.ETag ?? '', ChecksumSHA256: sent.ChecksumSHA256 ?? '' });
      }
      const wrong = [{ ...parts[0], ChecksumSHA256: parts[1]?.ChecksumSHA256 ?? '' }, parts[1] ?? {}];
      expect(await statusOf(complete(composite, wrong))).toBe(400);
      expect((await complete(composite, parts)).ChecksumSHA256).toMatch(/-2$/);

      const whole = await begin('whole-sum', { ChecksumAlgorithm: 'CRC64NVME', ChecksumType: 'FULL_OBJECT' });
      const one = await client.send(
        new UploadPartCommand({ ...whole, PartNumber: 1, Body: first, ChecksumAlgorithm: 'CRC64NVME' }),
      );
      const only = { PartNumber: 1, ETag: one.ETag ?? '', ChecksumCRC64NVME: one.ChecksumCRC64NVME ?? '' };
      const done = await complete(whole, [only], { ChecksumType: 'FULL_OBJECT' });
      expect(done.ChecksumCRC64NVME).toBe(one.ChecksumCRC64NVME);
    });
  });
}
