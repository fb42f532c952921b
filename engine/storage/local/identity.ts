import { timingSafeEqual } from 'node:crypto';
import * as z from 'zod';
import { ACTIONS, SCOPES, type ScopeName } from '../actions.ts';
import { secretOf, signatureOf, TEMPORARY_SECONDS_MAX } from '../temporary-credentials.ts';
import { bytesOf } from './bytes.ts';
import { S3Error } from './s3-error.ts';
import { actionsOf, common, narrow, type Scope } from './scope.ts';

/** A long-lived key. It reaches objects only: buckets and their locks are not in its reach, whatever its scope. */
export interface StorageKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly scope: 'object-read-only' | 'object-read-write';
  /** Left out: every bucket. */
  readonly buckets?: readonly string[] | undefined;
}

export interface Identity {
  readonly secret: string;
  readonly scope: Scope;
}

export type Identify = (accessKeyId: string, sessionToken: string | undefined, now: number) => Identity;

const SKEW_SECONDS = 15 * 60;
const REMEMBERED_MAX = 1000;

/** Who a key id and a session token belong to. Tokens that were checked are remembered, but for their expiry. */
export function identities(keys: readonly StorageKey[]): Identify {
  const parents = new Map(keys.map((key) => [key.accessKeyId, { secret: key.secretAccessKey, scope: scopeOf(key) }]));
  const remembered = new Map<string, Identity & { readonly accessKeyId: string; readonly expiresAt: number }>();

  return (accessKeyId, sessionToken, now) => {
    const parent = parents.get(accessKeyId);
    if (!parent) throw new S3Error('Unauthorized');
    if (sessionToken === undefined) return parent;
    let child = remembered.get(sessionToken);
    if (!child || child.accessKeyId !== accessKeyId) {
      child = { ...readToken(sessionToken, accessKeyId, parent, now), accessKeyId };
      if (remembered.size >= REMEMBERED_MAX) remembered.clear();
      remembered.set(sessionToken, child);
    }
    if (now >= child.expiresAt) throw new S3Error('ExpiredToken');
    return child;
  };
}

function scopeOf(key: StorageKey): Scope {
  return { buckets: key.buckets ? new Set(key.buckets) : null, actions: actionsOf(key.scope), paths: null };
}

const Header = z.object({ alg: z.literal('HS256'), typ: z.literal('JWT').optional() });

const Claims = z
  .object({
    bucket: z.string().min(1),
    scope: z.enum(SCOPES).optional(),
    actions: z.array(z.enum(ACTIONS)).optional(),
    paths: z
      .object({ prefixPaths: z.array(z.string()).default([]), objectPaths: z.array(z.string()).default([]) })
      .optional(),
    sub: z.string().min(1),
    iss: z.string(),
    aud: z.string().min(1),
    iat: z.number(),
    exp: z.number(),
  })
  .refine((claims) => claims.scope !== undefined || claims.actions !== undefined)
  .refine((claims) => claims.exp > claims.iat && claims.exp - claims.iat <= TEMPORARY_SECONDS_MAX);
type Claims = z.infer<typeof Claims>;

/** A token is believed only when the parent's own key signed it. A child's key cannot sign further children. */
function readToken(
  token: string,
  accessKeyId: string,
  parent: Identity,
  now: number,
): Identity & { expiresAt: number } {
  const jwt = /^jwt\/([\w-]+)\.([\w-]+)\.([\w-]+)$/.exec(Buffer.from(token, 'base64').toString('latin1'));
  if (!jwt) throw new S3Error('InvalidToken');
  const [text = '', head = '', body = '', signature = ''] = jwt;
  const expected = signatureOf(parent.secret, `${head}.${body}`);
  const given = Buffer.from(signature, 'base64url');
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw new S3Error('InvalidToken');
  const claims = readClaims(head, body);
  if (claims.iss !== accessKeyId || claims.iat > now / 1000 + SKEW_SECONDS) throw new S3Error('InvalidToken');
  return {
    secret: secretOf(text.slice('jwt/'.length)),
    scope: narrow(parent.scope, claimed(claims)),
    expiresAt: claims.exp * 1000,
  };
}

function readClaims(head: string, body: string): Claims {
  try {
    Header.parse(JSON.parse(Buffer.from(head, 'base64url').toString()));
    return Claims.parse(JSON.parse(Buffer.from(body, 'base64url').toString()));
  } catch {
    throw new S3Error('InvalidToken');
  }
}

function claimed(claims: Claims): Scope {
  const whole: ScopeName = 'admin-read-write';
  const preset = actionsOf(claims.scope ?? whole);
  return {
    buckets: new Set([bytesOf(claims.bucket)]),
    actions: claims.actions ? common(preset, new Set(claims.actions)) : preset,
    paths: claims.paths
      ? { prefixes: claims.paths.prefixPaths.map(bytesOf), objects: claims.paths.objectPaths.map(bytesOf) }
      : null,
  };
}
