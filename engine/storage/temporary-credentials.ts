import assert from 'node:assert';
import { createHash, createHmac } from 'node:crypto';
import type { Credentials } from '../domain/ports.ts';
import type { Action, ScopeName } from './actions.ts';

/** The longest life R2 gives a temporary credential. */
export const TEMPORARY_SECONDS_MAX = 7 * 24 * 3600;

export interface Parent {
  /** The account the storage belongs to. */
  readonly account: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface Grant {
  readonly endpoint: string;
  readonly bucket: string;
  readonly scope: ScopeName;
  readonly actions: readonly Action[];
  readonly prefixes: readonly string[];
  readonly ttlMs: number;
}

/**
 * Signs a temporary credential with the parent key, as R2 has it: the session token is a JWT, and the secret is the JWT's
 * own hash. No call is made, and the parent's key never leaves the control host.
 */
export function signTemporaryCredentials(parent: Parent, grant: Grant, now: number): Credentials {
  const ttlSeconds = Math.floor(grant.ttlMs / 1000);
  assert(ttlSeconds > 0 && ttlSeconds <= TEMPORARY_SECONDS_MAX, `a credential cannot live ${ttlSeconds} s`);
  const issuedAt = Math.floor(now / 1000);
  const jwt = signJwt(parent.secretAccessKey, {
    bucket: grant.bucket,
    scope: grant.scope,
    actions: grant.actions,
    paths: { prefixPaths: grant.prefixes, objectPaths: [] },
    sub: parent.account,
    iss: parent.accessKeyId,
    aud: new URL(grant.endpoint).host,
    iat: issuedAt,
    exp: issuedAt + ttlSeconds,
  });
  return {
    accessKeyId: parent.accessKeyId,
    secretAccessKey: secretOf(jwt),
    sessionToken: Buffer.from(`jwt/${jwt}`).toString('base64'),
    expiresAt: (issuedAt + ttlSeconds) * 1000,
  };
}

export function secretOf(jwt: string): string {
  return createHash('sha256').update(jwt).digest('hex');
}

export function signatureOf(secret: string, headerAndClaims: string): Buffer {
  return createHmac('sha256', secret).update(headerAndClaims).digest();
}

function signJwt(secret: string, claims: Readonly<Record<string, unknown>>): string {
  const signed = `${base64url({ alg: 'HS256', typ: 'JWT' })}.${base64url(claims)}`;
  return `${signed}.${signatureOf(secret, signed).toString('base64url')}`;
}

function base64url(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
