import type { Stored } from './bucket.ts';
import { type Asked, header, parameter } from './request.ts';
import { S3Error } from './s3-error.ts';

/** What a client says about an object besides its bytes, and how that is given back. */
export interface Description {
  readonly contentType: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly metadata: Readonly<Record<string, string>>;
}

const KEPT = ['cache-control', 'content-disposition', 'content-encoding', 'content-language', 'expires'];
const METADATA = 'x-amz-meta-';
const METADATA_BYTES_MAX = 8192;

export function descriptionOf(asked: Asked): Description {
  const headers: Record<string, string> = {};
  for (const name of KEPT) {
    const value = name === 'content-encoding' ? encodingOf(asked) : header(asked, name);
    if (value !== undefined) headers[name] = value;
  }
  const metadata = metadataOf(asked);
  const bytes = Object.entries(metadata).reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  if (bytes > METADATA_BYTES_MAX) throw new S3Error('MetadataTooLarge');
  return { contentType: header(asked, 'content-type') ?? 'application/octet-stream', headers, metadata };
}

/** The headers of an object in a reply to a read. */
export function describe(stored: Stored, asked: Asked): Record<string, string> {
  const headers: Record<string, string> = {
    ...stored.headers,
    'content-type': stored.contentType,
    etag: `"${stored.etag}"`,
    'last-modified': new Date(stored.createdAt).toUTCString(),
    'accept-ranges': 'bytes',
  };
  for (const [name, value] of Object.entries(stored.metadata)) headers[METADATA + name] = value;
  for (const name of ['content-type', ...KEPT]) {
    const wanted = parameter(asked, `response-${name}`);
    if (wanted !== undefined) headers[name] = wanted;
  }
  return headers;
}

/** `aws-chunked` is how the body travelled, not how the object is encoded. */
function encodingOf(asked: Asked): string | undefined {
  const encodings = (header(asked, 'content-encoding') ?? '').split(',').map((encoding) => encoding.trim());
  const own = encodings.filter((encoding) => encoding !== '' && encoding.toLowerCase() !== 'aws-chunked');
  return own.length === 0 ? undefined : own.join(',');
}

function metadataOf(asked: Asked): Record<string, string> {
  const metadata: Record<string, string> = {};
  for (const [name, value] of asked.query) {
    const lower = name.toLowerCase();
    if (lower.startsWith(METADATA)) metadata[lower.slice(METADATA.length)] = value;
  }
  for (const name of Object.keys(asked.message.headers)) {
    if (name.startsWith(METADATA)) metadata[name.slice(METADATA.length)] = header(asked, name) ?? '';
  }
  return metadata;
}
