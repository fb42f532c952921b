import { readClaim } from '../claim.ts';
import { lockHolder } from '../lock.ts';
import type { Place } from '../place.ts';
import { isAlive } from '../process-table.ts';
import type { Standing } from './standing.ts';

/** What on this machine keeps a backup from beginning; null when nothing does. */
export function heldBy(place: Place, standing: Standing): string | null {
  const left = (standing.repository?.credentials.expiresAt ?? 0) - standing.clock.now();
  if (left < CREDENTIALS_SPARE_MS) return 'its credentials ended';
  const holder = lockHolder(place);
  if (holder && isAlive(holder)) return holder.what;
  return readClaim(place)?.workspace === standing.order.workspace ? null : 'it holds no work';
}

/** With less than this left a backup is not begun. */
const CREDENTIALS_SPARE_MS = 60_000;
