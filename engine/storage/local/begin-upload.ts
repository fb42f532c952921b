import { textOf } from './bytes.ts';
import { checksumNamed } from './checksums.ts';
import { descriptionOf } from './object-headers.ts';
import { type Call, type Reply, xmlReply } from './operation.ts';
import { type Asked, header } from './request.ts';
import { S3Error } from './s3-error.ts';
import { uploadOf } from './upload-part.ts';
import type { Upload } from './uploads.ts';
import { element, xmlDocument } from './xml.ts';

export async function createUpload({ asked, bucket, now }: Call): Promise<Reply> {
  const checksum = checksumOf(asked);
  const upload = await bucket.uploads.begin(asked.key, { ...descriptionOf(asked), startedAt: now(), checksum });
  const headers: Record<string, string> = {};
  if (checksum) {
    headers['x-amz-checksum-algorithm'] = checksum.name.toUpperCase();
    headers['x-amz-checksum-type'] = checksum.type;
  }
  const content =
    element('Bucket', textOf(asked.bucket)) + element('Key', textOf(asked.key)) + element('UploadId', upload.id);
  return xmlReply(xmlDocument('InitiateMultipartUploadResult', content), headers);
}

export async function abortUpload(call: Call): Promise<Reply> {
  await call.bucket.uploads.finish(uploadOf(call), async () => {});
  return { status: 204, headers: {} };
}

/** CRC-64/NVME goes over the whole object, as on R2; the others over the parts' checksums unless asked otherwise. */
function checksumOf(asked: Asked): Upload['checksum'] {
  const named = header(asked, 'x-amz-checksum-algorithm');
  if (named === undefined) return null;
  const name = checksumNamed(named);
  const type = header(asked, 'x-amz-checksum-type') ?? (name === 'crc64nvme' ? 'FULL_OBJECT' : 'COMPOSITE');
  if (type !== 'FULL_OBJECT' && type !== 'COMPOSITE') throw new S3Error('InvalidArgument');
  return { name, type };
}
