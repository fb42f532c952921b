import type { Bucket } from './bucket.ts';
import { type Bytes, percentEncode, textOf } from './bytes.ts';
import { type Call, type Reply, xmlReply } from './operation.ts';
import { type Asked, parameter } from './request.ts';
import { S3Error } from './s3-error.ts';
import { type Page, pageOf } from './sorted-keys.ts';
import { element, group, xmlDocument } from './xml.ts';

const PAGE_MAX = 1000;

export async function listObjectsV2({ asked, bucket }: Call): Promise<Reply> {
  const token = parameter(asked, 'continuation-token');
  const startAfter = parameter(asked, 'start-after') ?? '';
  const after = token === undefined ? startAfter : readToken(token);
  const { page, max, write } = listed(asked, bucket.objects, after);
  const content =
    common(asked, page, max, write) +
    element('KeyCount', page.keys.length + page.commonPrefixes.length) +
    (token === undefined ? '' : element('ContinuationToken', token)) +
    (page.next === null ? '' : element('NextContinuationToken', tokenOf(page.next))) +
    (startAfter === '' ? '' : element('StartAfter', write(startAfter)));
  return xmlReply(xmlDocument('ListBucketResult', content + entries(page, bucket.objects, write)));
}

export async function listObjectsV1({ asked, bucket }: Call): Promise<Reply> {
  const marker = parameter(asked, 'marker') ?? '';
  const { page, max, write } = listed(asked, bucket.objects, marker);
  const content =
    common(asked, page, max, write) +
    element('Marker', write(marker)) +
    (page.next === null ? '' : element('NextMarker', write(page.next)));
  return xmlReply(xmlDocument('ListBucketResult', content + entries(page, bucket.objects, write)));
}

export type Write = (bytes: Bytes) => string;

/** How keys are written into the XML: as they are, or percent-encoded for clients that asked for it. */
export function writerOf(asked: Asked): Write {
  const encoding = parameter(asked, 'encoding-type');
  if (encoding === undefined || encoding === '') return textOf;
  if (encoding.toLowerCase() !== 'url') throw new S3Error('InvalidArgument', 'encoding-type can only be url.');
  return (bytes) => percentEncode(bytes, 'slashes');
}

export function maxOf(asked: Asked, name: string): number {
  const text = parameter(asked, name);
  if (text === undefined || text === '') return PAGE_MAX;
  if (!/^\d{1,10}$/.test(text)) throw new S3Error('InvalidArgument', `${name} must be a whole number.`);
  return Math.min(PAGE_MAX, Number(text));
}

function listed(asked: Asked, objects: Bucket, after: Bytes): { page: Page; max: number; write: Write } {
  const max = maxOf(asked, 'max-keys');
  const prefix = parameter(asked, 'prefix') ?? '';
  const delimiter = parameter(asked, 'delimiter') ?? '';
  return { page: pageOf(objects.keys, { prefix, delimiter, after, max }), max, write: writerOf(asked) };
}

function common(asked: Asked, page: Page, max: number, write: Write): string {
  const delimiter = parameter(asked, 'delimiter');
  return (
    element('Name', textOf(asked.bucket)) +
    element('Prefix', write(parameter(asked, 'prefix') ?? '')) +
    (delimiter ? element('Delimiter', write(delimiter)) : '') +
    element('MaxKeys', max) +
    (parameter(asked, 'encoding-type') ? element('EncodingType', 'url') : '') +
    element('IsTruncated', page.next !== null)
  );
}

function entries(page: Page, objects: Bucket, write: Write): string {
  let xml = '';
  for (const key of page.keys) {
    const stored = objects.find(key);
    if (!stored) continue;
    xml += group(
      'Contents',
      element('Key', write(key)) +
        element('LastModified', new Date(stored.createdAt).toISOString()) +
        element('ETag', `"${stored.etag}"`) +
        element('Size', stored.sizeBytes) +
        element('StorageClass', 'STANDARD'),
    );
  }
  for (const prefix of page.commonPrefixes) xml += group('CommonPrefixes', element('Prefix', write(prefix)));
  return xml;
}

function tokenOf(last: Bytes): string {
  return Buffer.from(last, 'latin1').toString('base64url');
}

function readToken(token: string): Bytes {
  if (!/^[\w-]+$/.test(token)) throw new S3Error('InvalidArgument', 'The continuation token is not one of ours.');
  return Buffer.from(token, 'base64url').toString('latin1');
}
