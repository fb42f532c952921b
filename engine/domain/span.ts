import { Failure } from './failures.ts';

const SECOND = 1_000;
const UNITS: Readonly<Record<string, number>> = {
  s: SECOND,
  m: 60 * SECOND,
  min: 60 * SECOND,
  h: 3_600 * SECOND,
  d: 24 * 3_600 * SECOND,
};
const PART = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)/;

/** `90m`, `2h`, `1d`, `1h30m`, `45 s` in milliseconds; null when it is no length of time. */
export function spanMs(given: string): number | null {
  let rest = given.trim().toLowerCase();
  let ms = 0;
  do {
    const [part = '', amount = '', unit = ''] = PART.exec(rest) ?? [];
    const factor = Object.hasOwn(UNITS, unit) ? UNITS[unit] : undefined;
    if (factor === undefined) return null;
    ms += Number(amount) * factor;
    rest = rest.slice(part.length);
  } while (rest.trim() !== '');
  return Math.round(ms);
}

export function readSpan(given: string): number {
  const ms = spanMs(given);
  if (ms !== null && ms > 0) return ms;
  const bare = /^\s*\d+(\.\d+)?\s*$/.test(given) && Number(given) > 0;
  const why = bare
    ? `${given} of what? Write ${given}m for minutes, ${given}h for hours or ${given}d for days.`
    : `"${given}" is not a length of time like 90m, 2h or 1d.`;
  throw new Failure('bad_request', { why });
}
