import fc from 'fast-check';
import { expect, test } from 'vitest';
import { printedPath, rawPath, wirePath } from '../../engine/domain/wire-path.ts';

const raw = fc.uint8Array({ minLength: 1, maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('latin1'));

test('any bytes survive JSON', () => {
  fc.assert(
    fc.property(raw, (path) => rawPath(JSON.parse(JSON.stringify(wirePath(path)))) === path),
    { numRuns: 2_000 },
  );
});

test('a name that is UTF-8 is what a person would type', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (name) => {
      expect(wirePath(Buffer.from(name, 'utf8').toString('latin1'))).toBe(name);
    }),
  );
});

test('two names never become one', () => {
  const unlike = ['a\xff', 'a\xfe', '\xed\xa0\x80', '\xc0\xaf', '\xf4\x90\x80\x80', '\xef\xbf\xbd', '\xe2\x82'];
  expect(new Set(unlike.map(wirePath)).size).toBe(unlike.length);
  expect(printedPath(wirePath('a\xff'))).toBe('a\ufffd');
});
