import { expect, test } from 'vitest';
import { readMoment, scheduleWords } from '../../engine/domain/schedule.ts';
import { nextDue } from '../../engine/policy/next-due.ts';

test.each([
  ['weekdays 08:45', ['mon', 'tue', 'wed', 'thu', 'fri'], '08:45'],
  ['Daily 7:05', ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'], '07:05'],
  ['weekends 22:00', ['sat', 'sun'], '22:00'],
  ['thu,mon 00:00', ['mon', 'thu'], '00:00'],
  ['Monday,tues 23:59', ['mon', 'tue'], '23:59'],
])('"%s" is read as a person means it', (text, days, time) => {
  expect(readMoment(text)).toEqual({ days, time });
});

test.each([
  '',
  '08:45',
  'weekdays',
  'weekdays 24:00',
  'weekdays 8:5',
  'weekdays 08:60',
  'someday 08:00',
  'mon, 08:00',
  'constructor 08:00',
  'money 08:00',
])('"%s" is no time of the week', (text) => {
  expect(readMoment(text)).toBeNull();
});

test('what was read is said again in the same words', () => {
  for (const text of ['weekdays 08:45', 'daily 07:05', 'mon,thu 00:00'])
    expect(scheduleWords({ ...readMoment(text)!, zone: 'UTC' })).toBe(`${text} UTC`);
});

const due = (text: string, zone: string, after: string): string =>
  new Date(nextDue({ ...readMoment(text)!, zone }, Date.parse(after))).toISOString();

test.each([
  ['weekdays 08:45', 'Europe/Lisbon', '2026-11-20T08:44:59Z', '2026-11-20T08:45:00.000Z'],
  ['weekdays 08:45', 'Europe/Lisbon', '2026-11-20T08:45:00Z', '2026-11-23T08:45:00.000Z'],
  ['daily 00:00', 'Asia/Kolkata', '2026-11-20T12:00:00Z', '2026-11-20T18:30:00.000Z'],
  ['sun 20:00', 'America/Sao_Paulo', '2026-11-21T00:00:00Z', '2026-11-22T23:00:00.000Z'],
])('%s in %s is due after %s at %s', (text, zone, after, at) => {
  expect(due(text, zone, after)).toBe(at);
});

test('a time that a clock skips is due right after the gap, and the next day as ever', () => {
  expect(due('daily 02:30', 'America/New_York', '2026-03-07T12:00:00Z')).toBe('2026-03-08T07:00:00.000Z');
  expect(due('daily 02:30', 'America/New_York', '2026-03-08T07:00:00Z')).toBe('2026-03-09T06:30:00.000Z');
});

test('a time that a clock shows twice is due once', () => {
  expect(due('daily 01:30', 'America/New_York', '2026-10-31T12:00:00Z')).toBe('2026-11-01T05:30:00.000Z');
  expect(due('daily 01:30', 'America/New_York', '2026-11-01T05:30:00Z')).toBe('2026-11-02T06:30:00.000Z');
});
