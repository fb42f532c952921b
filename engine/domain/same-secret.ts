import { timingSafeEqual } from 'node:crypto';

/** Takes as long for a wrong secret as for the right one. Its length is no secret. */
export function isSameSecret(given: string, own: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(own)];
  return one.length === other.length && timingSafeEqual(one, other);
}
