import { Failure } from '../domain/failures.ts';

/** `2024-01-15 14:30`, in this computer's time zone. */
export function localTime(at: number | string, withSeconds = false): string {
  const date = new Date(at);
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}`;
  return `${day} ${time}${withSeconds ? `:${two(date.getSeconds())}` : ''}`;
}

/** `14:03:07`. */
export function clockTime(at: number | string): string {
  return localTime(at, true).slice(11);
}

/** `Europe/Lisbon, UTC+01:00`: the offset is the one that held at that moment. */
export function zoneAt(at: number): string {
  const minutes = -new Date(at).getTimezoneOffset();
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  const offset = `UTC${minutes < 0 ? '-' : '+'}${two(Math.abs(minutes) / 60)}:${two(Math.abs(minutes) % 60)}`;
  const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();
  return timeZone === 'UTC' ? 'UTC' : `${timeZone}, ${offset}`;
}

const WRITTEN = /^(\d{4})-(\d{2})-(\d{2})(?:[ T](\d{2}):(\d{2})(?::(\d{2}))?)?$/;
const WITH_ZONE = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/;

/** Reads `2024-01-15 14:30` in the local time zone; a day alone means its end. */
export function readLocalTime(given: string): number {
  const text = given.trim();
  if (WITH_ZONE.test(text) && !Number.isNaN(Date.parse(text))) {
    const day = text.slice(0, 10);
    if (new Date(`${day}T00:00Z`).toISOString().startsWith(day)) return Date.parse(text);
    throw new Failure('bad_request', { why: `There is no "${day}" in the calendar.` });
  }
  const match = WRITTEN.exec(text);
  if (!match) throw new Failure('bad_request', { why: `"${given}" is not a date like "2024-01-15 14:30".` });
  const wholeDay = match[4] === undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1)
    .map((part) => Number(part ?? 0));
  const date = wholeDay
    ? new Date(year, month - 1, day, 23, 59, 59, 999)
    : new Date(year, month - 1, day, hour, minute, second);
  // A day that the calendar lacks, or an hour that the clocks skipped, comes back as another one.
  const same = wholeDay ? text.slice(0, 10) : `${text.slice(0, 10)} ${text.slice(11, 16)}`;
  if (localTime(date.getTime()).startsWith(same)) return date.getTime();
  throw new Failure('bad_request', { why: `There is no "${given}" in ${zoneAt(date.getTime())}.` });
}

/** Up to when somebody means who names a minute as lists show it: up to its end. */
export function untilLocalTime(given: string): number {
  return readLocalTime(given) + (/[ T]\d{2}:\d{2}$/.test(given.trim()) ? MINUTE_MS - 1 : 0);
}

/** From when on somebody means; a day alone means its beginning. */
export function sinceLocalTime(given: string): number {
  const at = readLocalTime(given);
  return /^\d{4}-\d{2}-\d{2}$/.test(given.trim()) ? new Date(at).setHours(0, 0, 0, 0) : at;
}

const MINUTE_MS = 60_000;

/** The next `18:00` after `now`, or a whole date as `readLocalTime` has it. */
export function nextTime(given: string, now: number): number {
  const match = /^(\d{1,2}):(\d{2})$/.exec(given.trim());
  if (!match) return readLocalTime(given);
  const [hour, minute] = [Number(match[1]), Number(match[2])];
  if (hour > 23 || minute > 59) throw new Failure('bad_request', { why: `There is no "${given}" on a clock.` });
  const today = new Date(now);
  const at = (day: number) =>
    new Date(today.getFullYear(), today.getMonth(), today.getDate() + day, hour, minute).getTime();
  return at(0) > now ? at(0) : at(1);
}
