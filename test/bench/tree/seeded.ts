import { createCipheriv, createHash } from 'node:crypto';

/** Bytes that nobody can compress, and that are the same for the same seed on any computer. */
export interface Seeded {
  bytes(count: number): Buffer;
  /** From 0 up to, not including, `limit`. */
  below(limit: number): number;
}

export function seeded(seed: string): Seeded {
  const key = createHash('sha256').update(seed).digest();
  const cipher = createCipheriv('aes-128-ctr', key.subarray(0, 16), key.subarray(16));
  const bytes = (count: number): Buffer => cipher.update(Buffer.alloc(count));
  return { bytes, below: (limit) => Math.floor((bytes(4).readUInt32LE() / 2 ** 32) * limit) };
}
