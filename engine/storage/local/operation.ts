import type { FileHandle } from 'node:fs/promises';
import type { Bucket } from './bucket.ts';
import type { Bytes } from './bytes.ts';
import type { Asked } from './request.ts';
import type { Signed } from './signature.ts';
import type { Uploads } from './uploads.ts';

/** A request that was signed by somebody who may make it. */
export interface Call {
  readonly asked: Asked;
  readonly signed: Signed;
  readonly bucket: OpenBucket;
  /** Another bucket, for the source of a copy. */
  readonly bucketNamed: (name: Bytes) => OpenBucket;
  readonly now: () => number;
}

export interface OpenBucket {
  readonly objects: Bucket;
  readonly uploads: Uploads;
}

/** What goes back. A value, so that nothing is sent before an operation is through. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | number>>;
  /** XML, or a piece of a file, which whoever sends it closes. */
  readonly body?: string | { readonly file: FileHandle; readonly start: number; readonly length: number } | undefined;
}

export function xmlReply(document: string, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status: 200, headers: { ...headers, 'content-type': 'application/xml' }, body: document };
}
