import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import type { ImageKeys } from './keys.ts';

/** Bound to what it is and to its name: one that lies under another name does not open. */
export function seal(keys: ImageKeys, what: string, parts: readonly Uint8Array[]): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, keys.seal, nonce);
  cipher.setAAD(Buffer.from(what));
  const sealed = parts.map((part) => cipher.update(part));
  return Buffer.concat([nonce, ...sealed, cipher.final(), cipher.getAuthTag()]);
}

export function unseal(keys: ImageKeys, what: string, sealed: Uint8Array): Buffer {
  if (sealed.length < NONCE_BYTES + TAG_BYTES) throw damaged(what);
  const decipher = createDecipheriv(CIPHER, keys.seal, sealed.subarray(0, NONCE_BYTES));
  decipher.setAAD(Buffer.from(what));
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  const plain = decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES));
  try {
    decipher.final();
  } catch {
    throw damaged(what);
  }
  return plain;
}

/** The same bytes have the same name, which says nothing about them to whoever has no key. */
export const nameOf = (keys: ImageKeys, raw: Uint8Array): string =>
  createHmac('sha256', keys.name).update(raw).digest('hex');

/** Of 128 bits, ten times as fast as a hash; proves nothing to anybody but that no fault of a coder or a memory made it another. */
export function checkOf(keys: ImageKeys, raw: Uint8Array): Buffer {
  const cipher = createCipheriv(CIPHER, keys.check, ZERO_NONCE);
  cipher.setAAD(raw);
  cipher.final();
  return cipher.getAuthTag();
}

/** Which segments, and where in them, hold the file of this hash: said by whoever hashed it while it was cut into them. */
export const proofOf = (
  keys: ImageKeys,
  { sha256, size }: { readonly sha256: string; readonly size: number },
  extents: readonly (readonly [segment: string, from: number, bytes: number, to: number])[],
): string => {
  const lines = extents.map((extent) => `${extent.join(' ')}\n`).join('');
  return createHmac('sha256', keys.proof).update(`${sha256} ${size}\n${lines}`).digest('hex');
};

/** Nobody's failure: restic brings what it had. */
export const damaged = (what: string): Error => new Error(`the wake image is damaged: ${what}`);

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const ZERO_NONCE = Buffer.alloc(NONCE_BYTES);
const TAG_BYTES = 16;
