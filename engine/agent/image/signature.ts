import { createHash, createHmac } from 'node:crypto';
import type { RepositoryAccess } from '../../domain/agent-shapes.ts';

export interface Unsigned {
  readonly method: 'GET' | 'PUT';
  /** As it travels. */
  readonly path: string;
  /** Names and values, encoded and in the order of the names. */
  readonly query?: string;
  /** All that is to be signed, by their names in small letters; `host` among them. */
  readonly headers: Readonly<Record<string, string>>;
  /** SHA-256 of the body. */
  readonly payload: string;
}

/** The headers that say who asks, in signature version 4 for S3, beside those that it covers. */
export function signed(
  { method, path, query = '', headers, payload }: Unsigned,
  { region, credentials }: Pick<RepositoryAccess, 'region'> & { readonly credentials: Credentials },
  now: Date,
): Readonly<Record<string, string>> {
  const time = now.toISOString().replace(/[-:]|\.\d+/g, '');
  const token = credentials.sessionToken;
  const all: Record<string, string> = {
    ...headers,
    'x-amz-content-sha256': payload,
    'x-amz-date': time,
    ...(token && { 'x-amz-security-token': token }),
  };
  const names = Object.keys(all).sort();
  const canonical = [method, path, query, ...names.map((name) => `${name}:${all[name]}`), '', names.join(';'), payload];
  const scope = `${time.slice(0, 8)}/${region}/s3/aws4_request`;
  const text = [ALGORITHM, time, scope, sha256(canonical.join('\n'))].join('\n');
  const key = scope
    .split('/')
    .reduce((secret: string | Buffer, step) => hmac(secret, step), `AWS4${credentials.secretAccessKey}`);
  const signature = hmac(key, text).toString('hex');
  const credential = `${credentials.accessKeyId}/${scope}`;
  return {
    ...all,
    authorization: `${ALGORITHM} Credential=${credential}, SignedHeaders=${names.join(';')}, Signature=${signature}`,
  };
}

type Credentials = Pick<RepositoryAccess['credentials'], 'accessKeyId' | 'secretAccessKey' | 'sessionToken'>;

export const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

const ALGORITHM = 'AWS4-HMAC-SHA256';
