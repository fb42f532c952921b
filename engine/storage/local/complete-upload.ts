import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import * as z from 'zod';
import type { Stored } from './bucket.ts';
import { textOf } from './bytes.ts';
import { type Checksum, compositeChecksum, type Running, runChecksum } from './checksums.ts';
import type { Facts } from './object-file.ts';
import { type Call, type Reply, xmlReply } from './operation.ts';
import { openPayload, readWhole } from './payload.ts';
import { conditionsOf, demand } from './preconditions.ts';
import { header } from './request.ts';
import { S3Error } from './s3-error.ts';
import { uploadOf } from './upload-part.ts';
import type { Part, Upload } from './uploads.ts';
import { piecesOf, withDraft } from './write-draft.ts';
import { element, listOf, readXml, xmlDocument } from './xml.ts';

const PART_NUMBER_MAX = 10_000;
const PART_BYTES_MIN = 5 * 1024 * 1024;
const BODY_BYTES_MAX = 4 * 1024 * 1024;

const Completion = z.object({
  Part: z
    .unknown()
    .transform(listOf)
    .pipe(
      z
        .array(z.object({ PartNumber: z.coerce.number(), ETag: z.string() }).catchall(z.unknown()))
        .min(1)
        .max(PART_NUMBER_MAX),
    ),
});
type Named = z.infer<typeof Completion>['Part'];

export async function completeUpload(call: Call): Promise<Reply> {
  const { asked, signed, bucket } = call;
  const upload = uploadOf(call);
  const body = await readWhole(openPayload(asked, signed), BODY_BYTES_MAX);
  const completion = Completion.safeParse(readXml(body, 'CompleteMultipartUpload'));
  if (!completion.success) throw new S3Error('MalformedXML');
  const stored = await bucket.uploads.finish(upload, () => assemble(call, upload, completion.data.Part));
  const content =
    element('Location', `/${textOf(asked.bucket)}/${textOf(asked.key)}`) +
    element('Bucket', textOf(asked.bucket)) +
    element('Key', textOf(asked.key)) +
    element('ETag', `"${stored.etag}"`) +
    (stored.checksum ? element(`Checksum${stored.checksum.name.toUpperCase()}`, stored.checksum.value) : '');
  return xmlReply(xmlDocument('CompleteMultipartUploadResult', content));
}

/** One object out of all parts. The parts stay until it is there for good. */
function assemble({ asked, bucket, now }: Call, upload: Upload, named: Named): Promise<Stored> {
  const parts = chosenParts(upload, named);
  const { key } = asked;
  const conditions = conditionsOf(asked);
  const whole = upload.checksum?.type === 'FULL_OBJECT' ? runChecksum(upload.checksum.name) : null;
  return withDraft(
    bucket.objects,
    allPieces(parts, whole),
    async (): Promise<Facts> => {
      const checksum = await checksumOf(upload, parts, whole);
      const promised = checksum && header(asked, `x-amz-checksum-${checksum.name}`);
      if (promised && promised !== checksum.value) throw new S3Error('BadDigest');
      const { contentType, headers, metadata } = upload;
      const sizeBytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0);
      const description = { contentType, headers, metadata };
      return { ...description, key: textOf(key), sizeBytes, etag: etagOf(parts), createdAt: now(), checksum };
    },
    (draft, facts) => bucket.objects.commit(key, draft, facts, (current) => demand(conditions, current)),
  );
}

function chosenParts(upload: Upload, named: Named): Part[] {
  const parts = named.map((one, index) => {
    const before = named[index - 1];
    if (before && one.PartNumber <= before.PartNumber) throw new S3Error('InvalidPartOrder');
    const part = upload.parts.get(one.PartNumber);
    if (!part || part.etag !== one.ETag.replaceAll('"', '')) throw new S3Error('InvalidPart');
    const checksum = part.checksum && one[`Checksum${part.checksum.name.toUpperCase()}`];
    if (checksum && checksum !== part.checksum?.value) throw new S3Error('InvalidPart');
    return part;
  });
  const [first] = parts;
  for (const part of parts.slice(0, -1)) {
    if (part.sizeBytes < PART_BYTES_MIN) throw new S3Error('EntityTooSmall');
    if (part.sizeBytes !== first?.sizeBytes) {
      throw new S3Error('InvalidPart', 'All parts but the last must have the same size.');
    }
  }
  return parts;
}

async function* allPieces(parts: readonly Part[], whole: Running | null): AsyncGenerator<Buffer> {
  for (const part of parts) {
    const file = await open(part.file, 'r');
    try {
      for await (const piece of piecesOf(file, 0, part.sizeBytes)) {
        whole?.update(piece);
        yield piece;
      }
    } finally {
      await file.close();
    }
  }
}

async function checksumOf(upload: Upload, parts: readonly Part[], whole: Running | null): Promise<Checksum | null> {
  if (!upload.checksum) return null;
  const { name } = upload.checksum;
  if (whole) return { name, value: await whole.end() };
  const values = parts.flatMap(({ checksum }) => (checksum?.name === name ? [checksum.value] : []));
  return values.length === parts.length ? compositeChecksum(name, values) : null;
}

function etagOf(parts: readonly Part[]): string {
  const md5 = createHash('md5');
  for (const part of parts) md5.update(Buffer.from(part.etag, 'hex'));
  return `${md5.digest('hex')}-${parts.length}`;
}
