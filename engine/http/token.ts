import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeWhole } from '../files/whole-file.ts';

const TOKEN_BYTES = 32;

/** A new token at each start, in a file that only its owner can read. Whoever can read it may do everything. */
export async function createToken(file: string): Promise<string> {
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  writeWhole(file, `${token}\n`);
  return token;
}

/** Takes as long for a wrong token as for the right one, whatever its length. */
export function isToken(given: string, token: string): boolean {
  return timingSafeEqual(digest(given), digest(token));
}

/** What was shown at the door; null when nothing was. */
export function bearerOf(authorization: string | undefined): string | null {
  return /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1] ?? null;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
