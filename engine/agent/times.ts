/**
 * The millisecond in which something was last changed, as Node's own `mtimeMs` has it, rounding included: that is part of
 * what a file is. Nanoseconds are text, as everywhere: they are more than a number holds.
 */
export function msOf(ns: string): number {
  const [seconds, rest] = secondsAndRest(ns);
  return Math.floor(seconds * 1_000 + rest / 1e6);
}

/**
 * When something was last changed, as Node's calls take it: within a microsecond, and never in another millisecond. As text,
 * since a number before 1970 is taken for now.
 */
export function secondsOf(ns: string): string {
  const [seconds, rest] = secondsAndRest(ns);
  if (rest === 0) return String(seconds);
  const ms = msOf(ns);
  const after = (seconds * 1_000 - ms) * 1e6 + rest;
  return String(ms / 1_000 + Math.min(Math.max(after, EDGE_NS), 1e6 - EDGE_NS) / 1e9);
}

/** The same of what Node's `Stats` say. */
export const secondsOfMs = (ms: number): string => String(ms / 1_000);

/** Whole seconds, and what is more than them: from 0 up to a second. */
export function secondsAndRest(ns: string): [number, number] {
  const rest = Number(ns.slice(-9));
  if (!ns.startsWith('-')) return [Number(ns.slice(0, -9)), rest];
  const whole = BigInt(ns);
  const before = ((whole % SECOND) + SECOND) % SECOND;
  return [Number((whole - before) / SECOND), Number(before)];
}

const SECOND = 1_000_000_000n;
/** More than a double is off at a time of today. */
const EDGE_NS = 500;
