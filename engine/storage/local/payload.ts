import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { CHECKSUMS, type Checksum, type ChecksumName, checkForm, checksumNamed, runChecksum } from './checksums.ts';
import { unchunk } from './chunked.ts';
import { type Asked, header } from './request.ts';
import { S3Error } from './s3-error.ts';
import { type Signed, sameHex } from './signature.ts';

/** The body of a request with everything its sender promised about it. */
export interface Payload {
  readonly sizeBytes: number;
  /** The data in pieces, never whole. Ends with an error when any promise is not kept; until then nothing of it counts. */
  pieces(): AsyncGenerator<Buffer>;
  /** Known once `pieces` has ended. */
  digests(): Digests;
}

export interface Digests {
  /** Hexadecimal. */
  readonly md5: string;
  readonly checksum: Checksum | null;
}

const SINGLE_BYTES_MAX = 5 * 1024 ** 3;

export function openPayload(asked: Asked, signed: Signed): Payload {
  const framed = FRAMED[signed.payload];
  const sizeBytes = announcedSize(asked, framed !== undefined);
  const expected = promises(asked);
  if (!framed && signed.payload !== 'UNSIGNED-PAYLOAD' && !/^[0-9a-f]{64}$/.test(signed.payload)) {
    throw new S3Error('InvalidRequest', 'x-amz-content-sha256 is not valid.');
  }
  let found: Digests | null = null;

  return {
    sizeBytes,
    async *pieces() {
      const md5 = createHash('md5');
      const sha256 = framed || signed.payload === 'UNSIGNED-PAYLOAD' ? null : createHash('sha256');
      const checksum = expected.checksum ? runChecksum(expected.checksum) : null;
      const trailers = new Map<string, string>();
      const seed = framed?.signed ? signed.seed : null;
      const wire = wholeBody(asked.message);
      let received = 0;
      for await (const piece of framed ? unchunk(wire, { seed, trailer: framed.trailer }, trailers) : wire) {
        received += piece.length;
        if (received > sizeBytes) throw new S3Error('IncompleteBody', 'The body is longer than announced.');
        md5.update(piece);
        sha256?.update(piece);
        checksum?.update(piece);
        yield piece;
      }
      if (received !== sizeBytes) throw new S3Error('IncompleteBody');
      if (sha256 && !sameHex(sha256.digest('hex'), signed.payload)) throw new S3Error('XAmzContentSHA256Mismatch');
      const sum = md5.digest();
      if (expected.md5 !== null && expected.md5 !== sum.toString('base64')) throw new S3Error('BadDigest');
      found = { md5: sum.toString('hex'), checksum: null };
      if (!checksum) return;
      const value = await checksum.end();
      const promised = expected.value ?? trailers.get(`x-amz-checksum-${checksum.name}`);
      if (promised === undefined && expected.trails) throw new S3Error('InvalidRequest', 'A trailer is missing.');
      if (promised !== undefined && promised !== value) throw new S3Error('BadDigest');
      found = { ...found, checksum: { name: checksum.name, value } };
    },
    digests() {
      if (!found) throw new Error('the body was not read to its end');
      return found;
    },
  };
}

/** Reads a short body whole: the XML of a request. */
export async function readWhole(payload: Payload, bytesMax: number): Promise<string> {
  if (payload.sizeBytes > bytesMax) throw new S3Error('EntityTooLarge');
  const pieces: Buffer[] = [];
  for await (const piece of payload.pieces()) pieces.push(piece);
  return Buffer.concat(pieces).toString('utf8');
}

const FRAMED: Readonly<Record<string, { signed: boolean; trailer: boolean }>> = {
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD': { signed: true, trailer: false },
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER': { signed: true, trailer: true },
  'STREAMING-UNSIGNED-PAYLOAD-TRAILER': { signed: false, trailer: true },
};

function announcedSize(asked: Asked, framed: boolean): number {
  const text = framed ? header(asked, 'x-amz-decoded-content-length') : asked.message.headers['content-length'];
  if (text === undefined) {
    if (!framed && asked.message.headers['transfer-encoding'] === undefined) return 0;
    throw new S3Error('MissingContentLength');
  }
  const sizeBytes = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(sizeBytes)) throw new S3Error('InvalidArgument');
  if (sizeBytes > SINGLE_BYTES_MAX) throw new S3Error('EntityTooLarge');
  return sizeBytes;
}

interface Promises {
  /** Base64. */
  readonly md5: string | null;
  readonly checksum: ChecksumName | null;
  /** Null when it comes in a trailer or was only asked for. */
  readonly value: string | null;
  readonly trails: boolean;
}

function promises(asked: Asked): Promises {
  const md5 = asked.message.headers['content-md5'] ?? null;
  if (md5 !== null && (Array.isArray(md5) || Buffer.from(md5, 'base64').length !== 16)) {
    throw new S3Error('InvalidDigest');
  }
  const names = (Object.keys(CHECKSUMS) as ChecksumName[]).filter(
    (name) => header(asked, `x-amz-checksum-${name}`) !== undefined,
  );
  if (names.length > 1) throw new S3Error('InvalidRequest', 'Only one checksum may be given.');
  const [name] = names;
  if (name !== undefined) {
    const value = header(asked, `x-amz-checksum-${name}`) ?? '';
    checkForm(name, value);
    return { md5, checksum: name, value, trails: false };
  }
  const trailer = header(asked, 'x-amz-trailer')?.trim().toLowerCase();
  if (trailer?.startsWith('x-amz-checksum-')) {
    return { md5, checksum: checksumNamed(trailer.slice('x-amz-checksum-'.length)), value: null, trails: true };
  }
  const named = header(asked, 'x-amz-sdk-checksum-algorithm');
  return { md5, checksum: named === undefined ? null : checksumNamed(named), value: null, trails: false };
}

/**
 * A client that goes away in the middle is its own doing, not an error of ours. Where we stop reading first, the
 * connection must live on, since it carries our answer.
 */
async function* wholeBody(message: IncomingMessage): AsyncGenerator<Buffer> {
  try {
    for await (const piece of message.iterator({ destroyOnReturn: false })) yield piece as Buffer;
  } catch {
    throw new S3Error('IncompleteBody');
  }
}
