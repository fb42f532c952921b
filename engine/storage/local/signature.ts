import { createHash, createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import { canonicalRequest } from './canonical-request.ts';
import type { Identify, Identity } from './identity.ts';
import { type Asked, header, parameter } from './request.ts';
import { S3Error } from './s3-error.ts';

/** A request whose signature was found right. The seed is what the signatures of a body's chunks go on from. */
export interface Signed {
  readonly identity: Identity;
  /** The `x-amz-content-sha256` that was signed, or UNSIGNED-PAYLOAD. */
  readonly payload: string;
  readonly seed: Seed;
}

export interface Seed {
  readonly signature: string;
  readonly key: KeyObject;
  readonly time: string;
  readonly credentialScope: string;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';
const SKEW_MS = 15 * 60_000;
const PRESIGNED_SECONDS_MAX = 7 * 24 * 3600;
/** R2's one region, and the name by which clients that insist on another know it. */
const REGIONS: readonly string[] = ['auto', 'us-east-1'];

/** Checks signature version 4, in the header or in a presigned URL, and says who signed. */
export function authenticate(asked: Asked, identify: Identify, now: number): Signed {
  const claim = parameter(asked, 'X-Amz-Algorithm') === undefined ? headerClaim(asked) : queryClaim(asked);
  checkTime(claim, now);
  const identity = identify(claim.accessKeyId, header(asked, 'x-amz-security-token'), now);
  checkCoverage(asked, claim);
  const credentialScope = `${claim.day}/${claim.region}/s3/aws4_request`;
  const key = signingKey(identity.secret, claim.day, claim.region);
  const signature = sign(
    key,
    [ALGORITHM, claim.time, credentialScope, sha256(canonicalRequest(asked, claim.signedHeaders, claim.payload))].join(
      '\n',
    ),
  );
  if (!sameHex(signature, claim.signature)) throw new S3Error('SignatureDoesNotMatch');
  return { identity, payload: claim.payload, seed: { signature, key, time: claim.time, credentialScope } };
}

/** The signature of a piece of a body: it covers the one before it, so pieces cannot be moved or left out. */
export function signPiece(
  seed: Seed,
  kind: 'PAYLOAD' | 'TRAILER',
  previous: string,
  hashes: readonly string[],
): string {
  return sign(seed.key, [`${ALGORITHM}-${kind}`, seed.time, seed.credentialScope, previous, ...hashes].join('\n'));
}

export function sha256(text: string): string {
  return createHash('sha256').update(text, 'latin1').digest('hex');
}

export function sameHex(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a, 'latin1'), Buffer.from(b, 'latin1'));
}

interface Claim {
  readonly accessKeyId: string;
  readonly day: string;
  readonly region: string;
  readonly time: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  readonly payload: string;
  /** Of a presigned URL; null for a signed header. */
  readonly expiresSeconds: number | null;
}

function headerClaim(asked: Asked): Claim {
  const authorization = asked.message.headers.authorization;
  if (authorization === undefined) throw new S3Error('Unauthorized');
  if (!authorization.startsWith(`${ALGORITHM} `)) throw new S3Error('AuthorizationHeaderMalformed');
  const fields = new Map(
    authorization
      .slice(ALGORITHM.length + 1)
      .split(',')
      .map((field) => splitOnce(field.trim(), '=')),
  );
  const payload = asked.message.headers['x-amz-content-sha256'];
  if (typeof payload !== 'string') throw new S3Error('InvalidRequest', 'x-amz-content-sha256 is missing.');
  return {
    ...credentialOf(fields.get('Credential')),
    time: timeOf(asked.message.headers['x-amz-date']),
    signedHeaders: (fields.get('SignedHeaders') ?? '').split(';'),
    signature: fields.get('Signature') ?? '',
    payload,
    expiresSeconds: null,
  };
}

function queryClaim(asked: Asked): Claim {
  if (parameter(asked, 'X-Amz-Algorithm') !== ALGORITHM) throw new S3Error('AuthorizationHeaderMalformed');
  const expiresSeconds = Number(parameter(asked, 'X-Amz-Expires') ?? '');
  if (!Number.isInteger(expiresSeconds) || expiresSeconds < 1 || expiresSeconds > PRESIGNED_SECONDS_MAX) {
    throw new S3Error('AuthorizationHeaderMalformed', 'X-Amz-Expires must be between 1 and 604800 seconds.');
  }
  return {
    ...credentialOf(parameter(asked, 'X-Amz-Credential')),
    time: timeOf(parameter(asked, 'X-Amz-Date')),
    signedHeaders: (parameter(asked, 'X-Amz-SignedHeaders') ?? '').split(';'),
    signature: parameter(asked, 'X-Amz-Signature') ?? '',
    payload: header(asked, 'x-amz-content-sha256') ?? 'UNSIGNED-PAYLOAD',
    expiresSeconds,
  };
}

function credentialOf(credential: string | undefined): Pick<Claim, 'accessKeyId' | 'day' | 'region'> {
  const match = /^(.+)\/(\d{8})\/([^/]*)\/s3\/aws4_request$/.exec(credential ?? '');
  const [, accessKeyId = '', day = '', region = ''] = match ?? [];
  if (!match || !REGIONS.includes(region)) {
    throw new S3Error('AuthorizationHeaderMalformed', `The credential must name a region of ${REGIONS.join(', ')}.`);
  }
  return { accessKeyId, day, region };
}

function timeOf(value: unknown): string {
  if (typeof value !== 'string' || !/^\d{8}T\d{6}Z$/.test(value)) {
    throw new S3Error('AuthorizationHeaderMalformed', 'The date of the signature is missing or not readable.');
  }
  return value;
}

function checkTime(claim: Claim, now: number): void {
  const iso = claim.time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z');
  const signedAt = Date.parse(iso);
  if (Number.isNaN(signedAt) || !claim.time.startsWith(claim.day)) throw new S3Error('AuthorizationHeaderMalformed');
  if (signedAt - now > SKEW_MS) throw new S3Error('RequestTimeTooSkewed');
  if (claim.expiresSeconds === null) {
    if (now - signedAt > SKEW_MS) throw new S3Error('RequestTimeTooSkewed');
  } else if (now >= signedAt + claim.expiresSeconds * 1000) throw new S3Error('ExpiredRequest');
}

/** Everything that changes what a request means must be signed, so that nobody can add to a URL that was handed to them. */
function checkCoverage(asked: Asked, claim: Claim): void {
  const signed = new Set(claim.signedHeaders);
  if (!signed.has('host')) throw new S3Error('SignatureDoesNotMatch', 'The host header must be signed.');
  for (const name of Object.keys(asked.message.headers)) {
    if (name.startsWith('x-amz-') && !signed.has(name)) {
      throw new S3Error('AccessDenied', `The header ${name} is not signed.`);
    }
  }
}

const KEYS_MAX = 1000;
const keys = new Map<string, KeyObject>();

/** Four hashes that are the same all day for one secret. As a key object, since plain bytes are made into one at each use. */
function signingKey(secret: string, day: string, region: string): KeyObject {
  const name = `${secret}/${day}/${region}`;
  const known = keys.get(name);
  if (known) return known;
  let bytes = hmac(`AWS4${secret}`, day);
  for (const step of [region, 's3', 'aws4_request']) bytes = hmac(bytes, step);
  const key = createSecretKey(bytes);
  if (keys.size >= KEYS_MAX) keys.clear();
  keys.set(name, key);
  return key;
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function sign(key: KeyObject, text: string): string {
  return createHmac('sha256', key).update(text, 'latin1').digest('hex');
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
