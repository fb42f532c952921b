import { createHash, randomBytes } from 'node:crypto';

/** `dmt_9f2c…_secret`: the kind, the row it belongs to, and what only its holder knows. We keep no more than its hash. */
export interface SecretWord {
  readonly word: string;
  readonly hash: string;
}

export const TOKEN = 'dmt';
export const REFRESH = 'dmr';

const SECRET_BYTES = 32;

export function newWord(kind: string, id: string): SecretWord {
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  return { word: `${kind}_${id}_${secret}`, hash: hashOf(secret) };
}

/** The row's id and the hash of the secret; null for what is no such word. */
export function readWord(kind: string, word: string): { readonly id: string; readonly hash: string } | null {
  const match = /^([a-z]+)_([A-Za-z0-9-]{1,80})_([A-Za-z0-9_-]{43})$/.exec(word);
  if (match?.[1] !== kind) return null;
  return { id: match[2] ?? '', hash: hashOf(match[3] ?? '') };
}

export function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
