import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkIn, decode, encode, PLAIN, shapeOf } from '../../../engine/agent/image/coding.ts';
import { weights } from './weights.ts';

const CHECK = randomBytes(16);
const SHAPES = [1, 2, 4].flatMap((width) => [false, true].map((rotated) => ({ width, rotated })));

test('every coding gives back the same bytes, of any length', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 4_000 }), fc.constantFrom(...SHAPES), (bytes, shape) => {
      const raw = Buffer.from(bytes);
      expect(Buffer.compare(decode(Buffer.concat(encode(raw, shape, 1, CHECK))), raw)).toBe(0);
    }),
  );
});

test('a segment has the check of what is in it', () => {
  expect(checkIn(Buffer.concat(encode(Buffer.from('x'.repeat(1_000)), PLAIN, 1, CHECK)))).toEqual(CHECK);
});

test.each([
  ['bf16', { width: 2, rotated: true }, 0.68],
  ['fp32', { width: 4, rotated: true }, 0.87],
  ['fp16', { width: 2, rotated: true }, 0.92],
] as const)('weights in %s are cut into planes, and shrink', (kind, shape, ratio) => {
  const raw = weights(kind, 1 << 20);
  expect(shapeOf(raw)).toEqual(shape);
  const stored = Buffer.concat(encode(raw, shape, 1, CHECK));
  expect(stored.length / raw.length).toBeLessThan(ratio);
  expect(Buffer.compare(decode(stored), raw)).toBe(0);
});

test('the memory of what was decoded is given back by the next call', () => {
  const raw = Buffer.from('def main():\n'.repeat(1 << 17));
  const stored = Buffer.concat(encode(raw, { width: 1, rotated: false }, 1, CHECK));
  const first = decode(stored);
  expect(Buffer.compare(decode(stored), raw)).toBe(0);
  expect(first).toHaveLength(0);
});

test('text and what is random stay whole', () => {
  expect(shapeOf(Buffer.from('def main():\n    return 1\n'.repeat(5_000)))).toEqual({ width: 1, rotated: false });
  expect(shapeOf(randomBytes(1 << 20))).toEqual({ width: 1, rotated: false });
});

test('what no encoder made is refused, and asks for no memory', () => {
  const stored = Buffer.concat(encode(Buffer.from('x'.repeat(1_000)), { width: 1, rotated: false }, 1, CHECK));
  const large = Buffer.from(stored);
  large.writeUInt32LE(0xffff_ffff, 4);
  expect(() => decode(large)).toThrow('no such coding');
  const long = Buffer.from(stored);
  long.writeUInt32LE(900, 4);
  expect(() => decode(long)).toThrow();
  expect(() => decode(stored.subarray(0, 30))).toThrow();
});
