import type { Ticket } from '../../domain/heartbeat.ts';

/** Leaves to make a backup, in the order of their places in the catalogue. */
export interface Tickets {
  add(fresh: readonly Ticket[]): void;
  /** The one that comes first; it is used up. Null when there is none that is good for a while. */
  take(engineNow: number): Ticket | null;
  /** A save has this place in the catalogue: what comes before it is worth nothing any more. */
  passed(sequence: number): void;
  count(engineNow: number): number;
  held(): readonly Ticket[];
  /** The highest place that was used or passed. */
  last(): number;
}

export function openTickets(last: number): Tickets {
  let held: readonly Ticket[] = [];
  let used = last;
  const good = (engineNow: number): readonly Ticket[] => held.filter((ticket) => ticket.until - engineNow > SPARE_MS);
  return {
    add(fresh) {
      const known = new Map([...held, ...fresh].map((ticket) => [ticket.sequence, ticket]));
      held = [...known.values()]
        .filter((ticket) => ticket.sequence > used)
        .toSorted((a, b) => a.sequence - b.sequence)
        .slice(-HELD_MAX);
    },
    take(engineNow) {
      held = good(engineNow);
      const [first = null, ...rest] = held;
      if (!first) return null;
      held = rest;
      used = Math.max(used, first.sequence);
      return first;
    },
    passed(sequence) {
      used = Math.max(used, sequence);
      held = held.filter((ticket) => ticket.sequence > used);
    },
    count: (engineNow) => good(engineNow).length,
    held: () => held,
    last: () => used,
  };
}

/** A backup that begins with it should also end with it. */
const SPARE_MS = 60_000;
const HELD_MAX = 64;
