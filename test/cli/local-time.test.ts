import { expect, test } from 'vitest';
import { localTime, readLocalTime, sinceLocalTime, untilLocalTime } from '../../engine/cli/local-time.ts';

test('what is written is read back as the same moment', () => {
  for (const written of ['2024-01-15 14:30', '2024-02-29 23:59', '2025-07-01 00:00']) {
    expect(localTime(readLocalTime(written))).toBe(written);
  }
});

test('a day alone means its end, and a zone that is named is kept', () => {
  expect(localTime(readLocalTime('2024-01-15'), true)).toBe('2024-01-15 23:59:59');
  expect(localTime(untilLocalTime('2024-01-15 14:30'), true), 'what a list shows at that minute').toBe(
    '2024-01-15 14:30:59',
  );
  expect(localTime(untilLocalTime('2024-01-15 14:30:10'), true)).toBe('2024-01-15 14:30:10');
  expect(localTime(sinceLocalTime('2024-01-15'), true), 'from then on: all of that day').toBe('2024-01-15 00:00:00');
  expect(localTime(sinceLocalTime('2024-01-15 14:30'), true)).toBe('2024-01-15 14:30:00');
  expect(readLocalTime('2024-01-15T14:30:00Z')).toBe(Date.UTC(2024, 0, 15, 14, 30));
  expect(readLocalTime('2024-01-15T14:30+02:00')).toBe(Date.UTC(2024, 0, 15, 12, 30));
});

test.each([
  '2024-02-30T10:00:00Z',
  '2024-04-31T10:00+02:00',
  'yesterday',
  '15.01.2024',
  '2024-13-01 10:00',
  '2024-02-30 10:00',
  '2024-01-15 25:00',
  '',
  '2024-01-15 14',
])('"%s" is refused', (written) => {
  expect(() => readLocalTime(written)).toThrow(/is not a date|There is no/);
});
