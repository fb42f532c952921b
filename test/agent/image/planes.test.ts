import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import wabt from 'wabt';
import { join, type Shape, split } from '../../../engine/agent/image/planes.ts';
import { PLANES } from '../../../engine/agent/image/planes-wasm.ts';

const SHAPES = [2, 4].flatMap((width) => [false, true].map((rotated) => ({ width, rotated })));

test('the loops are those of planes.wat', async () => {
  const source = readFileSync(new URL('../../../engine/agent/image/planes.wat', import.meta.url), 'utf8');
  const { parseWat } = await wabt();
  const { buffer } = parseWat('planes.wat', source, { simd: true }).toBinary({});
  expect(Buffer.from(buffer).toString('base64'), 'planes.wat was changed: this belongs into planes-wasm.ts').toBe(
    PLANES,
  );
});

test('planes are what FORMAT.md says, and come together again', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 1_000 }), fc.constantFrom(...SHAPES), (raw, shape) => {
      const planes = split(raw, shape).map((plane) => Uint8Array.from(plane));
      expect(planes.map((plane) => [...plane])).toEqual(asWritten(raw, shape));
      const rest = raw.subarray(raw.length - (raw.length % shape.width));
      expect([...join(planes, shape, rest)]).toEqual([...raw]);
    }),
  );
});

/** `x << 1 | x >> (bits - 1)`, and then byte i of each number. */
function asWritten(raw: Uint8Array, { width, rotated }: Shape): number[][] {
  const bits = BigInt(8 * width);
  const numbers = Array.from({ length: Math.floor(raw.length / width) }, (_, at) => {
    const bytes = raw.subarray(at * width, (at + 1) * width);
    const x = bytes.reduceRight((high, byte) => (high << 8n) | BigInt(byte), 0n);
    return rotated ? BigInt.asUintN(8 * width, x << 1n) | (x >> (bits - 1n)) : x;
  });
  return Array.from({ length: width }, (_, plane) => numbers.map((x) => Number((x >> BigInt(8 * plane)) & 0xffn)));
}
