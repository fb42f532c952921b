import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from '../../domain/ports.ts';
import type { Action } from '../actions.ts';
import { type Bytes, textOf } from './bytes.ts';
import type { Identify } from './identity.ts';
import type { OpenBucket, Reply } from './operation.ts';
import { OPERATIONS, targetOf } from './operations.ts';
import { type Asked, readRequest } from './request.ts';
import { S3Error, s3ErrorOf } from './s3-error.ts';
import { allows } from './scope.ts';
import { send } from './send.ts';
import { authenticate } from './signature.ts';
import { errorDocument } from './xml.ts';

/** A fault that a stand-in asks for instead of, or after, an operation. */
export type Fault =
  | { readonly do: 'answer'; readonly status: number; readonly code: string }
  /** The connection ends before anything was done. */
  | { readonly do: 'drop' }
  /** It was done, but the connection ends without an answer. */
  | { readonly do: 'lose-answer' };

/** Asked before each operation; may take its time. */
export type Intercept = (
  asked: { readonly action: Action | 'HeadBucket'; readonly bucket: string; readonly key: string },
  signal: AbortSignal,
) => Promise<Fault | undefined>;

export interface Desk {
  readonly buckets: ReadonlyMap<Bytes, OpenBucket>;
  readonly identify: Identify;
  readonly now: () => number;
  readonly log: Log;
  readonly intercept: Intercept | undefined;
  readonly signal: AbortSignal;
}

/** One request from its first line to its last byte. Nothing is done, and no body read, for somebody who may not. */
export async function answer(desk: Desk, message: IncomingMessage, response: ServerResponse): Promise<void> {
  const id = randomBytes(8).toString('hex').toUpperCase();
  response.setHeader('x-amz-request-id', id);
  response.setHeader('date', new Date(desk.now()).toUTCString());
  try {
    const reply = await operate(desk, message, response);
    if (reply === null) message.socket.destroy();
    else await send(response, reply, message.method !== 'HEAD');
  } catch (thrown) {
    const refusal = s3ErrorOf(thrown);
    if (refusal.status >= 500) desk.log('storage.request_failed', { id, code: refusal.code, why: thrown }, 'ERROR');
    if (response.headersSent) message.socket.destroy();
    else await send(response, refusalReply(refusal, message, id), message.method !== 'HEAD');
  }
  // What was not read of a body is thrown away, so that the connection can carry the next request.
  if (!message.complete) message.resume();
}

async function operate(desk: Desk, message: IncomingMessage, response: ServerResponse): Promise<Reply | null> {
  const asked = readRequest(message);
  const now = desk.now();
  const signed = authenticate(asked, desk.identify, now);
  if (!allows(signed.identity.scope, asked.action, asked.bucket, targetOf(asked))) throw new S3Error('AccessDenied');
  const bucket = bucketNamed(desk, asked.bucket);
  const fault = await desk.intercept?.(wordsOf(asked), desk.signal);
  if (fault?.do === 'drop') return null;
  if (fault?.do === 'answer') return faultReply(fault.status, fault.code);
  if (message.headers.expect?.toLowerCase() === '100-continue') response.writeContinue();
  const reply = await OPERATIONS[asked.action]({
    asked,
    signed,
    bucket,
    bucketNamed: (name) => bucketNamed(desk, name),
    now: desk.now,
  });
  if (fault?.do !== 'lose-answer') return reply;
  if (typeof reply.body === 'object') await reply.body.file.close();
  return null;
}

function bucketNamed(desk: Desk, name: Bytes): OpenBucket {
  const bucket = desk.buckets.get(name);
  if (!bucket) throw new S3Error('NoSuchBucket');
  return bucket;
}

function wordsOf({ action, bucket, key }: Asked) {
  return { action, bucket: textOf(bucket), key: textOf(key) };
}

function faultReply(status: number, code: string): Reply {
  const body = errorDocument(code, 'A fault that was asked for.', '', '');
  return { status, headers: { 'content-type': 'application/xml' }, body };
}

function refusalReply(refusal: S3Error, message: IncomingMessage, id: string): Reply {
  const body = errorDocument(refusal.code, refusal.message, message.url?.split('?')[0] ?? '', id);
  return { status: refusal.status, headers: { ...refusal.headers, 'content-type': 'application/xml' }, body };
}
