/**
 * The millisecond in which something was last changed, as Node's own `mtimeMs` has it, rounding included: that is part of
 * what a file is.
 */
export function msOf(ns: bigint): number {
  const [seconds, rest] = secondsAndRest(ns);
  return Math.floor(seconds * 1_000 + rest / 1e6);
}

/**
 * When something was last changed, as Node's calls take it: within a microsecond, and never in another millisecond. As text,
 * since a number before 1970 is taken for now.
 */
export function secondsOf(ns: bigint): string {
  const [seconds, rest] = secondsAndRest(ns);
  if (rest === 0) return String(seconds);
  const ms = msOf(ns);
  const after = Number(ns - BigInt(ms) * 1_000_000n);
  return String(ms / 1_000 + Math.min(Math.max(after, EDGE_NS), 1e6 - EDGE_NS) / 1e9);
}

/** The same of what Node's `Stats` say. */
export const secondsOfMs = (ms: number): string => String(ms / 1_000);

function secondsAndRest(ns: bigint): [number, number] {
  const rest = ((ns % SECOND) + SECOND) % SECOND;
  return [Number((ns - rest) / SECOND), Number(rest)];
}

const SECOND = 1_000_000_000n;
/** More than a double is off at a time of today. */
const EDGE_NS = 500;
