import type { Clock } from '../../domain/ports.ts';

/** What calls of one kind share a limit: the method and the path without its ids. */
export type Route = keyof typeof LIMITS;

interface Limit {
  /** At most `calls` of them within any `everyMs`. */
  readonly calls: number;
  readonly everyMs: number;
}

const every = (seconds: number): Limit => ({ calls: 1, everyMs: seconds * 1_000 });

/**
 * The least time between two calls, from the published table; routes that it does not name are asked no faster than the
 * quickest it does. Whether the ids of a path count as part of the route nobody says, so they do not.
 */
const LIMITS = {
  search: { calls: 10, everyMs: 60_000 },
  create: every(4.5),
  destroy: every(3),
  change: every(1),
  list: every(1),
  logs: every(1),
  attach: every(1),
  user: every(1),
  charges: every(1),
  prices: every(3),
  increases: every(1),
  reports: every(1),
} as const satisfies Record<string, Limit>;

/** Requests do not travel equally fast, and the other end counts when they arrive. */
const MARGIN_MS = 150;

/** One for each key: lets calls of a route pass one after another, no closer than its limit. */
export function openPace(clock: Clock): {
  /** Returns when the call may leave. Its place in the line is kept, also for one that is aborted while it waits. */
  pass(route: Route, signal: AbortSignal): Promise<void>;
  /** A call was refused as too early: the whole line of its route waits from now on. */
  refused(route: Route): void;
  /** How long a call would wait now. */
  waitMs(route: Route): number;
} {
  const departures = new Map<Route, number[]>();

  function next(route: Route): number {
    const { calls, everyMs } = LIMITS[route];
    const last = departures.get(route) ?? [];
    const counted = last.at(-calls);
    return counted === undefined ? clock.now() : Math.max(clock.now(), counted + everyMs + MARGIN_MS);
  }

  function note(route: Route, at: number): void {
    departures.set(route, [...(departures.get(route) ?? []), at].slice(-LIMITS[route].calls));
  }

  return {
    async pass(route, signal) {
      signal.throwIfAborted();
      const at = next(route);
      note(route, at);
      if (at > clock.now()) await clock.sleep(at - clock.now(), signal);
    },
    refused: (route) => note(route, Math.max(clock.now(), departures.get(route)?.at(-1) ?? 0)),
    waitMs: (route) => next(route) - clock.now(),
  };
}
