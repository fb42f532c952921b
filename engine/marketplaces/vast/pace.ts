import type { Clock } from '../../domain/ports.ts';
import { type Pace, pace } from '../http/pace.ts';

/** What calls of one kind share a limit: the method and the path without its ids. */
export type Route = keyof typeof SECONDS | 'search';

/**
 * The least time between two calls, from the published table; routes that it does not name are asked no faster than the
 * quickest it does. Whether the ids of a path count as part of the route nobody says, so they do not.
 */
const SECONDS = {
  create: 4.5,
  destroy: 3,
  change: 1,
  list: 1,
  logs: 1,
  attach: 1,
  user: 1,
  charges: 1,
  prices: 3,
  increases: 1,
  agree: 1,
  reports: 1.2,
} as const;

/** Requests do not travel equally fast, and the other end counts when they arrive. */
const MARGIN_MS = 150;

const SEARCHES = 10;
const SEARCHES_MS = 60_000;
/** Left for races, which ask twice a round where interruptible machines will do. */
const SEARCHES_KEPT = 4;

/** One for each key, since limits are counted by key. */
export function openPaces(clock: Clock): (route: Route) => Pace {
  const search = pace(SEARCHES_MS + MARGIN_MS, clock, SEARCHES, SEARCHES_KEPT);
  const one = (route: keyof typeof SECONDS): Pace => pace(SECONDS[route] * 1_000 + MARGIN_MS, clock);
  const paces = new Map<Route, Pace>([['search', search]]);
  return (route) => {
    const known = paces.get(route) ?? one(route as keyof typeof SECONDS);
    paces.set(route, known);
    return known;
  };
}

/** After a refusal the whole line of a route waits. */
export const restMs = (route: Route): number => (route === 'search' ? SEARCHES_MS / SEARCHES : SECONDS[route] * 1_000);
