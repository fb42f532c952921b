import assert from 'node:assert';
import { createHash } from 'node:crypto';
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { Failure } from '../domain/failures.ts';
import type { Storage, StoredObject } from '../domain/ports.ts';
import { MACHINE } from './actions.ts';
import { isAbsent, isTaken, storageFailure } from './storage-failure.ts';
import { type Parent, signTemporaryCredentials } from './temporary-credentials.ts';

export interface S3Options {
  /** Where the control host and the machines reach it. */
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  readonly parent: Parent;
  readonly now: () => number;
}

const TRIES = 3;
const CONNECT_MS = 5_000;
/** What any call may take, all its tries together, and what each byte adds on a slow line. */
const CALL_MS = 30_000;
const BYTES_PER_MS_MIN = 250;
/** Larger objects are no reading for the control host, which would hold them whole. */
const GET_BYTES_MAX = 512 * 1024 * 1024;
const CONNECTIONS = 32;

/** Object storage through the AWS SDK: R2 and the local server alike. */
export function s3Storage(options: S3Options): Storage & Disposable {
  const { endpoint, bucket: Bucket, region, parent, now } = options;
  const client = new S3Client({
    endpoint,
    region,
    forcePathStyle: true,
    maxAttempts: TRIES,
    credentials: { accessKeyId: parent.accessKeyId, secretAccessKey: parent.secretAccessKey },
    requestHandler: {
      connectionTimeout: CONNECT_MS,
      httpAgent: { keepAlive: true, maxSockets: CONNECTIONS },
      httpsAgent: { keepAlive: true, maxSockets: CONNECTIONS },
    },
    // The SDK's own checksums would be signed into presigned URLs, over a body that is not there yet. We send Content-MD5.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });

  return {
    endpoint,
    bucket: Bucket,
    region,

    async issue({ prefix, access, ttlMs }) {
      const prefixes = [prefix].flat();
      for (const one of prefixes) assert(one.endsWith('/'), `the prefix "${one}" would also reach its neighbours`);
      const scope = access === 'write' ? 'object-read-write' : 'object-read-only';
      const grant = { endpoint, bucket: Bucket, scope, actions: MACHINE[access], prefixes, ttlMs } as const;
      return signTemporaryCredentials(parent, grant, now());
    },

    async put(Key, body, signal, put) {
      const md5 = createHash('md5').update(body).digest();
      const command = new PutObjectCommand({
        Bucket,
        Key,
        Body: body,
        ContentMD5: md5.toString('base64'),
        ...(put?.onlyIfAbsent ? { IfNoneMatch: '*' } : {}),
      });
      await calling(signal, transferMs(body.length), async (abortSignal) => {
        try {
          await client.send(command, { abortSignal });
        } catch (thrown) {
          if (!isTaken(thrown)) throw thrown;
          // A first try that succeeded may have lost its answer; then what lies there is what we sent.
          const head = await client.send(new HeadObjectCommand({ Bucket, Key }), { abortSignal });
          if (head.ETag !== `"${md5.toString('hex')}"`) throw thrown;
        }
      });
    },

    async get(Key, signal) {
      return calling(signal, CALL_MS, async (abortSignal, extend) => {
        try {
          const { Body, ContentLength = 0 } = await client.send(new GetObjectCommand({ Bucket, Key }), { abortSignal });
          if (ContentLength > GET_BYTES_MAX) throw tooLarge(Key, ContentLength);
          extend(transferMs(ContentLength));
          return Body ? await Body.transformToByteArray() : new Uint8Array();
        } catch (thrown) {
          if (isAbsent(thrown)) return null;
          throw thrown;
        }
      });
    },

    async list(Prefix, signal) {
      const found: StoredObject[] = [];
      let token: string | undefined;
      do {
        const command = new ListObjectsV2Command({ Bucket, Prefix, ...(token ? { ContinuationToken: token } : {}) });
        const page = await calling(signal, CALL_MS, (abortSignal) => client.send(command, { abortSignal }));
        for (const { Key, Size, LastModified, ETag } of page.Contents ?? []) {
          if (Key)
            found.push({ key: Key, sizeBytes: Size ?? 0, writtenAt: LastModified?.getTime() ?? 0, etag: ETag ?? '' });
        }
        token = page.IsTruncated ? page.NextContinuationToken : undefined;
        if (page.IsTruncated && !token) throw new Failure('storage_down', { why: 'a list ended in the middle' });
      } while (token);
      return found;
    },

    async remove(Key, signal) {
      const command = new DeleteObjectCommand({ Bucket, Key });
      await calling(signal, CALL_MS, (abortSignal) => client.send(command, { abortSignal }));
    },

    async copyFrom(source, { key, etag, sizeBytes }, { as: Key, replace }, signal) {
      if (source.endpoint !== endpoint) {
        const body = await source.get(key, signal);
        if (body === null) throw new Failure('storage_refused', { why: `${key} is not there any more` });
        await this.put(Key, body, signal, { onlyIfAbsent: !replace }).catch((thrown: unknown) => {
          if (replace || !(thrown instanceof Failure && isTaken(thrown.cause))) throw thrown;
        });
        return;
      }
      const CopySource = `${source.bucket}/${key}`.split('/').map(encodeURIComponent).join('/');
      const command = new CopyObjectCommand({ Bucket, Key, CopySource, CopySourceIfMatch: etag });
      if (!replace) createOnly(command);
      await calling(signal, transferMs(sizeBytes), async (abortSignal) => {
        try {
          await client.send(command, { abortSignal });
        } catch (thrown) {
          // Somebody copied it meanwhile, or an answer was lost: whoever copies compares what lies there.
          if (replace || !isTaken(thrown)) throw thrown;
        }
      });
    },

    async presign(verb, Key, ttlMs) {
      const command = verb === 'GET' ? new GetObjectCommand({ Bucket, Key }) : new PutObjectCommand({ Bucket, Key });
      return getSignedUrl(client, command, { expiresIn: Math.floor(ttlMs / 1000) });
    },

    [Symbol.dispose]: () => client.destroy(),
  };
}

/** In R2's own words, which S3 has none for. */
function createOnly(command: CopyObjectCommand): void {
  command.middlewareStack.add(
    (next) => async (sending) => {
      (sending.request as { headers: Record<string, string> }).headers['cf-copy-destination-if-none-match'] = '*';
      return await next(sending);
    },
    { step: 'build' },
  );
}

function transferMs(bytes: number): number {
  return CALL_MS + bytes / BYTES_PER_MS_MIN;
}

function tooLarge(key: string, bytes: number): Failure {
  return new Failure('storage_refused', { why: `${key} has ${bytes} bytes, too many to read whole` });
}

/** One call with its deadline, which may be moved once its size is known. What it throws is a Failure, or the signal's reason. */
async function calling<T>(
  signal: AbortSignal,
  ms: number,
  call: (signal: AbortSignal, extend: (ms: number) => void) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const deadline = new AbortController();
  const stop = () => deadline.abort();
  let timer = setTimeout(stop, ms);
  const extend = (longerMs: number) => {
    clearTimeout(timer);
    timer = setTimeout(stop, longerMs);
  };
  try {
    return await call(AbortSignal.any([signal, deadline.signal]), extend);
  } catch (thrown) {
    signal.throwIfAborted();
    throw storageFailure(thrown, deadline.signal.aborted);
  } finally {
    clearTimeout(timer);
  }
}
