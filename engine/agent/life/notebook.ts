import { reasonOf } from '../../domain/failures.ts';
import type { Place } from '../place.ts';
import { type Memory, writeMemory } from './memory.ts';
import type { Tickets } from './tickets.ts';

/** What is known of earlier backups, written down whenever it changes. */
export interface Notebook {
  readonly now: () => Memory;
  /** A full disk is no reason to forget it. */
  note(what: Partial<Memory>): void;
}

export function openNotebook(
  place: Place,
  first: Memory,
  tickets: Tickets,
  onUnwritten: (why: string) => void,
): Notebook {
  let memory = first;
  return {
    now: () => memory,
    note(what) {
      memory = { ...memory, ...what, sequence: tickets.last() };
      try {
        writeMemory(place, memory);
      } catch (cause) {
        onUnwritten(`its notes cannot be written: ${reasonOf(cause)}`);
      }
    },
  };
}
