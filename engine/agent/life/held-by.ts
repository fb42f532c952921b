import { reasonOf } from '../../domain/failures.ts';
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
  return holdsNothing(place, standing);
}

/** Whose files lie here is not written down, so none may be sent anywhere; null when it is. Nobody else would say it. */
export function holdsNothing(place: Place, { order }: Standing): string | null {
  try {
    const claim = readClaim(place);
    if (claim?.workspace === order.workspace) return null;
    return `it holds ${claim ? claim.workspace : 'no work: its claim.json is gone'}`;
  } catch (cause) {
    return `its claim.json cannot be read: ${reasonOf(cause)}`;
  }
}

/** With less than this left a backup is not begun. */
const CREDENTIALS_SPARE_MS = 60_000;
