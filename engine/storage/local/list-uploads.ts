import { type Bytes, textOf } from './bytes.ts';
import { maxOf, writerOf } from './list-objects.ts';
import { type Call, type Reply, xmlReply } from './operation.ts';
import { parameter } from './request.ts';
import { uploadOf } from './upload-part.ts';
import type { Upload } from './uploads.ts';
import { element, group, xmlDocument } from './xml.ts';

export async function listUploads({ asked, bucket }: Call): Promise<Reply> {
  const write = writerOf(asked);
  const max = maxOf(asked, 'max-uploads');
  const prefix = parameter(asked, 'prefix') ?? '';
  const delimiter = parameter(asked, 'delimiter') ?? '';
  const keyMarker = parameter(asked, 'key-marker') ?? '';
  const idMarker = parameter(asked, 'upload-id-marker') ?? '';
  const found = bucket.uploads
    .all()
    .filter(({ key, id }) => key.startsWith(prefix) && isAfter(key, id, keyMarker, idMarker))
    .sort((a, b) => (isAfter(a.key, a.id, b.key, b.id) ? 1 : -1));
  const { uploads, groups } = grouped(found, prefix, delimiter);
  const page = uploads.slice(0, max);
  const last = page.at(-1);
  const truncated = uploads.length > page.length && last !== undefined;
  const content =
    element('Bucket', textOf(asked.bucket)) +
    element('KeyMarker', write(keyMarker)) +
    element('UploadIdMarker', idMarker) +
    element('Prefix', write(prefix)) +
    (delimiter === '' ? '' : element('Delimiter', write(delimiter))) +
    element('MaxUploads', max) +
    (parameter(asked, 'encoding-type') ? element('EncodingType', 'url') : '') +
    element('IsTruncated', truncated) +
    (truncated ? element('NextKeyMarker', write(last.key)) + element('NextUploadIdMarker', last.id) : '') +
    page
      .map(({ key, id, startedAt }) =>
        group(
          'Upload',
          element('Key', write(key)) +
            element('UploadId', id) +
            element('Initiated', new Date(startedAt).toISOString()),
        ),
      )
      .join('') +
    groups.map((one) => group('CommonPrefixes', element('Prefix', write(one)))).join('');
  return xmlReply(xmlDocument('ListMultipartUploadsResult', content));
}

export async function listParts(call: Call): Promise<Reply> {
  const { asked } = call;
  const upload = uploadOf(call);
  const max = maxOf(asked, 'max-parts');
  const marker = Number(parameter(asked, 'part-number-marker') ?? '0') || 0;
  const after = [...upload.parts.values()].filter((part) => part.number > marker).sort((a, b) => a.number - b.number);
  const page = after.slice(0, max);
  const last = page.at(-1);
  const content =
    element('Bucket', textOf(asked.bucket)) +
    element('Key', textOf(asked.key)) +
    element('UploadId', upload.id) +
    element('PartNumberMarker', marker) +
    (last ? element('NextPartNumberMarker', last.number) : '') +
    element('MaxParts', max) +
    element('IsTruncated', after.length > page.length) +
    page
      .map(({ number, etag, sizeBytes, createdAt, checksum }) =>
        group(
          'Part',
          element('PartNumber', number) +
            element('LastModified', new Date(createdAt).toISOString()) +
            element('ETag', `"${etag}"`) +
            element('Size', sizeBytes) +
            (checksum ? element(`Checksum${checksum.name.toUpperCase()}`, checksum.value) : ''),
        ),
      )
      .join('');
  return xmlReply(xmlDocument('ListPartsResult', content));
}

function isAfter(key: Bytes, id: string, keyMarker: Bytes, idMarker: string): boolean {
  if (key !== keyMarker) return key > keyMarker;
  return idMarker !== '' && id > idMarker;
}

function grouped(found: readonly Upload[], prefix: Bytes, delimiter: Bytes): { uploads: Upload[]; groups: Bytes[] } {
  const uploads: Upload[] = [];
  const groups = new Set<Bytes>();
  for (const upload of found) {
    const end = delimiter === '' ? -1 : upload.key.indexOf(delimiter, prefix.length);
    if (end === -1) uploads.push(upload);
    else groups.add(upload.key.slice(0, end + delimiter.length));
  }
  return { uploads, groups: [...groups] };
}
