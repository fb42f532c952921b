import { expect, test } from 'vitest';
import { lineReader, tail, whole } from '../../engine/ssh/output.ts';
import { quote, wordsOf } from '../../engine/ssh/quote.ts';

test.each([
  [['ls', '-la', '/root/a.b'], 'ls -la /root/a.b'],
  [['echo', ''], "echo ''"],
  [['echo', 'a b', "it's"], "echo 'a b' 'it'\\''s'"],
  [['echo', '$HOME;`id`', '~'], "echo '$HOME;`id`' '~'"],
])('%j is written as %s', (argv, line) => {
  expect(quote(argv)).toBe(line);
});

test('an argument that no program could be given is a bug, and loud', () => {
  expect(() => quote(['echo', 'a\0b'])).toThrow('NUL');
  expect(() => quote([])).toThrow('needs a program');
});

test('a command is told in words that fit a sentence', () => {
  expect(wordsOf(['restic', 'backup'])).toBe('restic backup');
  expect(wordsOf(['x'.repeat(500)])).toHaveLength(121);
});

test('lines are cut however they come, and the last one needs no end', () => {
  const lines: string[] = [];
  const reader = lineReader('words', (line) => lines.push(line));
  for (const piece of ['a', 'b\n', '\nc\nd', 'e', '']) reader.add(piece);
  reader.end('f');
  expect(lines).toEqual(['ab', '', 'c', 'def']);
});

test('a line without end is refused before it fills the memory', () => {
  const reader = lineReader('words', () => undefined);
  const piece = 'x'.repeat(1024 * 1024);
  expect(() => {
    for (let n = 0; n < 20; n++) reader.add(piece);
  }).toThrow('more than 16777216 bytes');
});

test('the tail is the end of it, the whole is all of it or an error', () => {
  const end = tail();
  for (let n = 0; n < 100_000; n++) end.add(Buffer.from(`${n}\n`));
  expect(end.text().length).toBe(64 * 1024);
  expect(end.text().endsWith('99998\n99999\n')).toBe(true);

  const all = whole('words');
  all.add(Buffer.from('ab'));
  all.add(Buffer.from('c'));
  expect(all.text()).toBe('abc');
  expect(() => all.add(Buffer.alloc(16 * 1024 * 1024))).toThrow('more than');
});
