import { Failure } from '../engine/domain/failures.ts';
import { spanMs } from '../engine/domain/span.ts';
import type { Words } from './words/words.ts';

const DAY = /^(\d{4})-(\d{2})-(\d{2})(?:[ T](\d{2}):(\d{2}))?(?::\d{2})?Z?$/;

/** `2026-01-15 14:30` in UTC, the end of that day without an hour, or so long ago: `3h`. */
export function readMoment(given: string, now: number, words: Words): number {
  const text = given.trim();
  const ago = spanMs(text);
  if (ago !== null && ago > 0) return now - ago;
  const [, year = '', month = '', day = '', hour = '23', minute = '59'] = DAY.exec(text) ?? [];
  const at = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), 59);
  const real = year !== '' && new Date(at).toISOString().startsWith(`${year}-${month}-${day}T${hour}:${minute}`);
  if (!real) throw new Failure('bad_request', { why: words.say.badDate(text) });
  return at;
}
