import { createHash } from 'node:crypto';
import { copySource } from './copy-object.ts';
import { type Call, type Reply, xmlReply } from './operation.ts';
import { type Digests, openPayload } from './payload.ts';
import { rangeOf } from './range.ts';
import { openObject } from './read-objects.ts';
import { header, parameter } from './request.ts';
import { S3Error } from './s3-error.ts';
import type { Part, PartFacts, Upload } from './uploads.ts';
import { piecesOf, withDraft } from './write-draft.ts';
import { element, xmlDocument } from './xml.ts';

const PART_NUMBER_MAX = 10_000;

export async function uploadPart(call: Call): Promise<Reply> {
  const payload = openPayload(call.asked, call.signed);
  const part = await storePart(call, payload.sizeBytes, payload.pieces(), payload.digests);
  const headers: Record<string, string> = { etag: `"${part.etag}"` };
  if (part.checksum) headers[`x-amz-checksum-${part.checksum.name}`] = part.checksum.value;
  return { status: 200, headers };
}

export async function uploadPartCopy(call: Call): Promise<Reply> {
  const source = copySource(call);
  const { stored, file } = await openObject(source.bucket.objects, source.stored.key);
  try {
    const range = rangeOf(header(call.asked, 'x-amz-copy-source-range'), stored.sizeBytes);
    const { start, length } = range ?? { start: 0, length: stored.sizeBytes };
    const md5 = createHash('md5');
    const pieces = async function* () {
      for await (const piece of piecesOf(file, start, length)) {
        md5.update(piece);
        yield piece;
      }
    };
    const part = await storePart(call, length, pieces(), () => ({ md5: md5.digest('hex'), checksum: null }));
    const content = element('ETag', `"${part.etag}"`) + element('LastModified', new Date(part.createdAt).toISOString());
    return xmlReply(xmlDocument('CopyPartResult', content));
  } finally {
    await file.close();
  }
}

/** The upload a request names; it must be of the request's own key. */
export function uploadOf({ asked, bucket }: Call): Upload {
  return bucket.uploads.find(parameter(asked, 'uploadId') ?? '', asked.key);
}

function storePart(
  call: Call,
  sizeBytes: number,
  pieces: AsyncIterable<Buffer>,
  digests: () => Digests,
): Promise<Part> {
  const { asked, bucket, now } = call;
  const upload = uploadOf(call);
  const number = Number(parameter(asked, 'partNumber') ?? '');
  if (!Number.isInteger(number) || number < 1 || number > PART_NUMBER_MAX) {
    throw new S3Error('InvalidArgument', `A part number is between 1 and ${PART_NUMBER_MAX}.`);
  }
  return withDraft(
    bucket.objects,
    pieces,
    (): PartFacts => {
      const { md5, checksum } = digests();
      return { number, sizeBytes, etag: md5, createdAt: now(), checksum };
    },
    (draft, facts) => bucket.uploads.addPart(upload, draft, facts),
  );
}
