import type { Stored } from './bucket.ts';
import { type Bytes, checkKey, percentDecode, textOf } from './bytes.ts';
import { descriptionOf } from './object-headers.ts';
import { type Call, type OpenBucket, type Reply, xmlReply } from './operation.ts';
import { conditionsOf, demand } from './preconditions.ts';
import { type Asked, header } from './request.ts';
import { S3Error } from './s3-error.ts';
import { allows } from './scope.ts';
import { withCopy } from './write-draft.ts';
import { element, xmlDocument } from './xml.ts';

export async function copyObject(call: Call): Promise<Reply> {
  while (true) {
    const { stored: source } = copySource(call);
    try {
      const { etag, createdAt } = await copyFrom(source, call);
      const content = element('ETag', `"${etag}"`) + element('LastModified', new Date(createdAt).toISOString());
      return xmlReply(xmlDocument('CopyObjectResult', content));
    } catch (thrown) {
      // Replaced between the look and the copying: look again.
      if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT' || copySource(call).stored === source) throw thrown;
    }
  }
}

async function copyFrom(source: Stored, { asked, bucket, now }: Call): Promise<Stored> {
  const { key } = asked;
  const replaces = header(asked, 'x-amz-metadata-directive')?.toUpperCase() === 'REPLACE';
  if (!replaces && source === bucket.objects.find(key)) {
    throw new S3Error('InvalidRequest', 'A copy onto itself must change the metadata.');
  }
  const { sizeBytes, etag, checksum } = source;
  const { contentType, headers, metadata } = replaces ? descriptionOf(asked) : source;
  const facts = { key: textOf(key), sizeBytes, etag, createdAt: now(), contentType, headers, metadata, checksum };
  const conditions = conditionsOf(asked, 'cf-copy-destination-');
  return withCopy(bucket.objects, source.file, sizeBytes, facts, (draft) =>
    bucket.objects.commit(key, draft, facts, (current) => demand(conditions, current)),
  );
}

/**
 * The object a copy is made of. Whoever copies must be allowed to read it: a copy into one's own prefix would else carry
 * anybody's bytes there.
 */
export function copySource({ asked, signed, bucketNamed }: Call): { bucket: OpenBucket; stored: Stored } {
  const { bucket: name, key } = readSource(asked);
  const { scope } = signed.identity;
  if (!allows(scope, 'GetObject', name, { key })) throw new S3Error('AccessDenied');
  const bucket = bucketNamed(name);
  const stored = bucket.objects.find(key);
  if (!stored) throw new S3Error('NoSuchKey');
  demand(conditionsOf(asked, 'x-amz-copy-source-'), stored);
  return { bucket, stored };
}

function readSource(asked: Asked): { bucket: Bytes; key: Bytes } {
  const text = (header(asked, 'x-amz-copy-source') ?? '').replace(/^\//, '');
  const [path = '', query] = text.split('?');
  if (query !== undefined) throw new S3Error('NotImplemented', 'There are no versions to copy.');
  const decoded = percentDecode(path);
  const slash = decoded.indexOf('/');
  const key = slash === -1 ? '' : decoded.slice(slash + 1);
  if (key === '') throw new S3Error('InvalidArgument', 'x-amz-copy-source must name a bucket and a key.');
  checkKey(key);
  return { bucket: decoded.slice(0, slash), key };
}
