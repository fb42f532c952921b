import type { IncomingMessage } from 'node:http';
import type { Action } from '../actions.ts';
import { type Bytes, checkKey, percentDecode } from './bytes.ts';
import { S3Error } from './s3-error.ts';

/** A request as read from the wire, before anybody is believed. */
export interface Asked {
  readonly method: string;
  /** Decoded. Nothing in it is ever used as a path on disk. */
  readonly path: Bytes;
  readonly query: readonly (readonly [name: Bytes, value: Bytes])[];
  readonly action: Action | 'HeadBucket';
  readonly bucket: Bytes;
  readonly key: Bytes;
  readonly message: IncomingMessage;
}

export function readRequest(message: IncomingMessage): Asked {
  const method = message.method ?? '';
  const [rawPath = '', ...rest] = (message.url ?? '').split('?');
  if (!rawPath.startsWith('/')) throw new S3Error('InvalidURI');
  const path = percentDecode(rawPath);
  const query = readQuery(rest.join('?'));
  const [bucket, key] = split(path.slice(1));
  checkKey(key);
  return { method, path, query, action: actionOf(method, bucket, key, query, message), bucket, key, message };
}

/** A query parameter; the empty string when it is there without a value. */
export function parameter(asked: Asked, name: string): Bytes | undefined {
  return asked.query.find((pair) => pair[0] === name)?.[1];
}

/** A header, or what a presigned URL carries instead of one. */
export function header(asked: Asked, name: string): string | undefined {
  const value = asked.message.headers[name];
  if (value !== undefined) return Array.isArray(value) ? value.join(',') : value;
  if (!name.startsWith('x-amz-')) return undefined;
  return asked.query.find((pair) => pair[0].toLowerCase() === name)?.[1];
}

function readQuery(raw: string): [Bytes, Bytes][] {
  if (raw === '') return [];
  return raw
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const at = pair.indexOf('=');
      const name = at === -1 ? pair : pair.slice(0, at);
      const value = at === -1 ? '' : pair.slice(at + 1);
      return [percentDecode(name.replaceAll('+', ' ')), percentDecode(value.replaceAll('+', ' '))];
    });
}

function split(path: Bytes): [bucket: Bytes, key: Bytes] {
  const slash = path.indexOf('/');
  return slash === -1 ? [path, ''] : [path.slice(0, slash), path.slice(slash + 1)];
}

/** Parts of S3 that R2 does not have either, or that nobody here needs. Ignoring them would be answering another question. */
const UNKNOWN_QUERIES = new Set([
  ...['accelerate', 'acl', 'analytics', 'attributes', 'cors', 'encryption', 'intelligent-tiering', 'inventory'],
  ...['legal-hold', 'lifecycle', 'logging', 'metrics', 'notification', 'object-lock', 'ownershipControls', 'policy'],
  ...[
    'policyStatus',
    'publicAccessBlock',
    'replication',
    'requestPayment',
    'restore',
    'retention',
    'select',
    'tagging',
  ],
  ...['torrent', 'versionId', 'versioning', 'versions', 'website'],
]);

function actionOf(
  method: string,
  bucket: Bytes,
  key: Bytes,
  query: Asked['query'],
  message: IncomingMessage,
): Asked['action'] {
  const has = (name: string) => query.some((pair) => pair[0] === name);
  if (query.some((pair) => UNKNOWN_QUERIES.has(pair[0]))) throw new S3Error('NotImplemented');
  if (message.headers['x-amz-server-side-encryption-customer-algorithm']) throw new S3Error('NotImplemented');
  if (bucket === '') throw new S3Error('AccessDenied', 'Object keys cannot list buckets.');
  const action = key === '' ? bucketAction(method, has, query) : objectAction(method, has, message);
  if (action === null) throw new S3Error('MethodNotAllowed');
  return action;
}

type Has = (name: string) => boolean;

function bucketAction(method: string, has: Has, query: Asked['query']): Asked['action'] | null {
  if (method === 'HEAD') return 'HeadBucket';
  if (method === 'POST' && has('delete')) return 'DeleteObjects';
  if (method === 'PUT' || method === 'DELETE') {
    throw new S3Error('AccessDenied', 'Object keys cannot create, change or delete a bucket.');
  }
  if (method !== 'GET') return null;
  if (has('location')) return 'GetBucketLocation';
  if (has('uploads')) return 'ListMultipartUploads';
  return query.some(([name, value]) => name === 'list-type' && value === '2') ? 'ListObjectsV2' : 'ListObjectsV1';
}

function objectAction(method: string, has: Has, message: IncomingMessage): Action | null {
  const copies = message.headers['x-amz-copy-source'] !== undefined || has('x-amz-copy-source');
  if (method === 'GET') {
    if (has('uploadId')) return 'ListParts';
    if (has('partNumber')) throw new S3Error('NotImplemented');
    return 'GetObject';
  }
  if (method === 'HEAD') return 'HeadObject';
  if (method === 'PUT') {
    if (has('uploadId')) return copies ? 'UploadPartCopy' : 'UploadPart';
    return copies ? 'CopyObject' : 'PutObject';
  }
  if (method === 'POST') {
    if (has('uploads')) return 'CreateMultipartUpload';
    return has('uploadId') ? 'CompleteMultipartUpload' : null;
  }
  if (method === 'DELETE') return has('uploadId') ? 'AbortMultipartUpload' : 'DeleteObject';
  return null;
}
