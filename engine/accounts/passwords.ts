import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';

/** 32 MiB and about 100 ms for each guess, on a thread of its own. */
const COST = { N: 2 ** 15, r: 8, p: 1 };
const KEY_BYTES = 32;
const SALT_BYTES = 16;

/** `scrypt$N$r$p$salt$key`, so that the cost can be raised without asking anybody for a new password. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const key = await derive(password, salt, COST);
  return ['scrypt', COST.N, COST.r, COST.p, salt.toString('base64url'), key.toString('base64url')].join('$');
}

export async function isPassword(password: string, hash: string): Promise<boolean> {
  const [kind, N, r, p, salt = '', key = ''] = hash.split('$');
  if (kind !== 'scrypt') return false;
  const expected = Buffer.from(key, 'base64url');
  const met = await derive(password, Buffer.from(salt, 'base64url'), { N: Number(N), r: Number(r), p: Number(p) });
  return met.length === expected.length && timingSafeEqual(met, expected);
}

/** Checked when there is no such account, so that a stranger cannot tell from the time it takes. */
export const NOBODYS_PASSWORD = `scrypt$${COST.N}$${COST.r}$${COST.p}$${'A'.repeat(22)}$${'A'.repeat(43)}`;

/** Easy to type, and more than a hundred bits. */
export function newPassword(): string {
  const letters = 'abcdefghjkmnpqrstuvwxyz23456789';
  const characters = Array.from({ length: 24 }, () => letters[randomIndex(letters.length)]);
  return characters.join('').replace(/(.{6})(?=.)/g, '$1-');
}

/** Bytes that would make some letters more likely than others are thrown away. */
function randomIndex(count: number): number {
  const limit = 256 - (256 % count);
  for (;;) {
    const [byte = limit] = randomBytes(1);
    if (byte < limit) return byte % count;
  }
}

function derive(password: string, salt: Uint8Array, cost: Pick<ScryptOptions, 'N' | 'r' | 'p'>): Promise<Buffer> {
  const maxmem = 256 * (cost.N ?? 0) * (cost.r ?? 0);
  return new Promise((resolve, reject) => {
    // The same letters are written in several ways; a person types what their keyboard makes of them.
    scrypt(password.normalize('NFKC'), salt, KEY_BYTES, { ...cost, maxmem }, (cause, key) =>
      cause ? reject(cause) : resolve(key),
    );
  });
}
