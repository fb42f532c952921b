import { createHash } from 'node:crypto';
import { S3Error } from './s3-error.ts';
import { type Seed, sameHex, sha256, signPiece } from './signature.ts';

/** What `aws-chunked` bodies may be: signed chunk by chunk or not, and with or without trailing headers. */
export interface Chunking {
  /** Null: the chunks are not signed. */
  readonly seed: Seed | null;
  readonly trailer: boolean;
}

const LINE_BYTES_MAX = 8192;
/** S3's own rule. Clients that break it here would only find out there. */
const CHUNK_BYTES_MIN = 8192;

/**
 * Takes the frames of an `aws-chunked` body off and checks their signatures. What it yields is not to be believed before
 * it has ended without an error. Trailing headers are put into `trailers`.
 */
export async function* unchunk(
  source: AsyncIterable<Buffer>,
  chunking: Chunking,
  trailers: Map<string, string>,
): AsyncGenerator<Buffer> {
  const input = reader(source);
  try {
    const lastSignature = yield* chunks(input, chunking.seed);
    if (chunking.trailer) await readTrailer(input, chunking.seed, lastSignature, trailers);
  } finally {
    await input.letGo();
  }
}

async function* chunks(input: Reader, seed: Seed | null): AsyncGenerator<Buffer, string> {
  let previous = seed?.signature ?? '';
  let short = false;
  while (true) {
    const { size, signature } = chunkHead(await input.line(), seed !== null);
    if (short && size > 0) throw new S3Error('InvalidChunkSizeError');
    short = size < CHUNK_BYTES_MIN;
    const hash = createHash('sha256');
    for (let left = size; left > 0; ) {
      const piece = await input.upTo(left);
      left -= piece.length;
      if (seed) hash.update(piece);
      yield piece;
    }
    if (seed) {
      const expected = signPiece(seed, 'PAYLOAD', previous, [EMPTY, hash.digest('hex')]);
      if (!sameHex(expected, signature)) throw new S3Error('SignatureDoesNotMatch', 'A chunk has a wrong signature.');
      previous = expected;
    }
    if (size === 0) return previous;
    if ((await input.line()) !== '') throw malformed();
  }
}

const EMPTY = sha256('');

function chunkHead(line: string, signed: boolean): { size: number; signature: string } {
  const match = /^([0-9a-fA-F]{1,12})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(line);
  if (!match?.[1] || (signed && !match[2])) throw malformed();
  return { size: Number.parseInt(match[1], 16), signature: match[2] ?? '' };
}

async function readTrailer(
  input: Reader,
  seed: Seed | null,
  previous: string,
  trailers: Map<string, string>,
): Promise<void> {
  let signedText = '';
  for (let line = await input.lastLine(); line !== null; line = await input.lastLine()) {
    if (line === '') continue; // clients differ in how many empty lines they put around the signature
    const at = line.indexOf(':');
    if (at === -1) throw malformed();
    const name = line.slice(0, at).toLowerCase().trim();
    const value = line.slice(at + 1).trim();
    trailers.set(name, value);
    if (name !== 'x-amz-trailer-signature') signedText += `${name}:${value}\n`;
  }
  if (!seed) return;
  const expected = signPiece(seed, 'TRAILER', previous, [sha256(signedText)]);
  if (!sameHex(expected, trailers.get('x-amz-trailer-signature') ?? '')) {
    throw new S3Error('SignatureDoesNotMatch', 'The trailer has a wrong signature.');
  }
}

interface Reader {
  /** A line without its end. */
  line(): Promise<string>;
  /** The same, or null when the body has ended. */
  lastLine(): Promise<string | null>;
  /** At least one byte and at most this many. */
  upTo(bytes: number): Promise<Buffer>;
  /** Reads no further, so that somebody else can. */
  letGo(): Promise<void>;
}

function reader(source: AsyncIterable<Buffer>): Reader {
  const pieces = source[Symbol.asyncIterator]();
  let rest: Buffer = Buffer.alloc(0);

  async function more(): Promise<boolean> {
    const next = await pieces.next();
    if (next.done) return false;
    rest = rest.length === 0 ? next.value : Buffer.concat([rest, next.value]);
    return true;
  }

  async function lastLine(): Promise<string | null> {
    let end = rest.indexOf('\n');
    while (end === -1) {
      if (rest.length > LINE_BYTES_MAX) throw malformed();
      if (!(await more())) {
        if (rest.length > 0) throw new S3Error('IncompleteBody');
        return null;
      }
      end = rest.indexOf('\n');
    }
    const line = rest.subarray(0, end).toString('latin1').replace(/\r$/, '');
    rest = rest.subarray(end + 1);
    return line;
  }

  return {
    lastLine,
    async line() {
      const line = await lastLine();
      if (line === null) throw new S3Error('IncompleteBody');
      return line;
    },
    async upTo(bytes) {
      if (rest.length === 0 && !(await more())) throw new S3Error('IncompleteBody');
      const piece = rest.subarray(0, bytes);
      rest = rest.subarray(piece.length);
      return piece;
    },
    async letGo() {
      await pieces.return?.();
    },
  };
}

function malformed(): S3Error {
  return new S3Error('InvalidRequest', 'The body is not framed as aws-chunked.');
}
