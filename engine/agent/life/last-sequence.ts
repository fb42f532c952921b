import type { Place } from '../place.ts';
import { readMemory } from './memory.ts';
import { readOutbox } from './outbox.ts';

/** The highest place in the catalogue that an agent which lives here no more has used, as far as it wrote that down. */
export function lastSequence(place: Place, workspace: string): number {
  return Math.max(readMemory(place, workspace).sequence, ...readOutbox(place).map(({ sequence }) => sequence));
}
