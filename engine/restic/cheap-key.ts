import { createCipheriv, createHash, randomBytes, type ScryptOptions, scrypt, scryptSync } from 'node:crypto';
import { promisify } from 'node:util';
import * as z from 'zod';
import type { MasterKey } from './readings.ts';

/**
 * A key file for a repository whose password is a long random secret. restic stretches every password with scrypt, half a
 * second of a CPU at each start, which helps only where a password can be guessed: 256 random bits cannot. With the smallest
 * N opening costs nothing, and every restic reads the file as it reads any other.
 *
 * The format is restic's own: the master key as JSON, under AES-256-CTR and Poly1305-AES with keys that scrypt derives.
 */
export function cheapKey(
  password: string,
  master: MasterKey,
  createdAt: number,
): { readonly id: string; readonly bytes: Buffer } {
  const salt = randomBytes(64);
  const derived = scryptSync(password, salt, 64, { N, r: R, p: P });
  const nonce = randomBytes(16);
  const cipher = createCipheriv('aes-256-ctr', derived.subarray(0, 32), nonce);
  const sealed = cipher.update(JSON.stringify(master));
  const mac = poly1305Aes(sealed, nonce, derived.subarray(32, 48), derived.subarray(48, 64));
  const bytes = Buffer.from(
    JSON.stringify({
      created: new Date(createdAt).toISOString(),
      username: 'dumont',
      hostname: 'dumont',
      kdf: 'scrypt',
      N,
      r: R,
      p: P,
      salt: salt.toString('base64'),
      data: Buffer.concat([nonce, sealed, mac]).toString('base64'),
    }),
  );
  return { id: createHash('sha256').update(bytes).digest('hex'), bytes };
}

/** Whether this password opens that key file, whoever wrote it. */
export async function opensKey(bytes: Uint8Array, password: string): Promise<boolean> {
  const read = KeyFile.safeParse(parsed(bytes));
  if (!read.success) return false;
  const { N: n, r, p, salt, data } = read.data;
  const cost = { N: n, r, p, maxmem: MEMORY_MAX };
  const derived = await stretch(password, Buffer.from(salt, 'base64'), 64, cost);
  const whole = Buffer.from(data, 'base64');
  const [nonce, sealed, mac] = [whole.subarray(0, 16), whole.subarray(16, -16), whole.subarray(-16)];
  return poly1305Aes(sealed, nonce, derived.subarray(32, 48), derived.subarray(48, 64)).equals(mac);
}

const stretch = promisify(scrypt) as (
  password: string,
  salt: Buffer,
  bytes: number,
  cost: ScryptOptions,
) => Promise<Buffer>;

/** Machines can write here too: nothing dearer than what restic writes is tried. */
const KeyFile = z.object({
  N: z
    .number()
    .int()
    .min(2)
    .max(1 << 15)
    .refine((n) => (n & (n - 1)) === 0),
  r: z.number().int().min(1).max(8),
  p: z.number().int().min(1).max(8),
  salt: z.base64().max(1_000),
  data: z.base64().max(10_000),
});

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString());
  } catch {
    return null;
  }
}

/** Bernstein's Poly1305-AES: one key encrypts the nonce, the other is the point at which the message is evaluated. */
export function poly1305Aes(message: Uint8Array, nonce: Uint8Array, k: Uint8Array, r: Uint8Array): Buffer {
  const block = createCipheriv('aes-128-ecb', k, null).setAutoPadding(false);
  const s = number(block.update(nonce));
  const point = number(r) & CLAMP;
  let sum = 0n;
  for (let at = 0; at < message.length; at += 16) {
    const chunk = message.subarray(at, at + 16);
    sum = ((sum + number(chunk) + (1n << BigInt(8 * chunk.length))) * point) % PRIME;
  }
  const tag = (sum + s) & ((1n << 128n) - 1n);
  return Buffer.from(tag.toString(16).padStart(32, '0'), 'hex').reverse();
}

/** Little-endian. */
function number(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
}

const PRIME = (1n << 130n) - 5n;
const CLAMP = 0x0ffffffc0ffffffc0ffffffc0fffffffn;
const MEMORY_MAX = 64 * 1024 * 1024;
const N = 2;
const R = 8;
const P = 1;
