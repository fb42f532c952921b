import { PLANES } from './planes-wasm.ts';

/**
 * A number's bytes, gathered by their place in it: the exponents of a model's weights are then beside each other, where they
 * compress, and the mantissas, which never do, are apart. Rotated by one bit the sign goes with the mantissa, and a bfloat16
 * or float32 has its exponent in a byte of its own.
 */
export interface Shape {
  /** Bytes of a number: 1, 2 or 4. */
  readonly width: number;
  readonly rotated: boolean;
}

/**
 * Of as many whole numbers as there are; what is left after them belongs to no plane. The planes lie in memory that the next
 * call uses again.
 */
export function split(raw: Uint8Array, { width, rotated }: Shape): readonly Uint8Array[] {
  if (width === 1) return [raw];
  const count = Math.floor(raw.length / width);
  const { numbers, planes, bytes } = room(width, count);
  bytes.set(raw.subarray(0, count * width), numbers);
  const by = rotated ? 1 : 0;
  const end = numbers + count * width;
  if (width === 2) loops.split2(numbers, end, planes[0]!, planes[1]!, by);
  else loops.split4(numbers, end, planes[0]!, planes[1]!, planes[2]!, planes[3]!, by);
  return planes.map((at) => bytes.subarray(at, at + count));
}

/** With what was left after the last number. It lies in memory that the next call uses again. */
export function join(planes: readonly Uint8Array[], { width, rotated }: Shape, rest: Uint8Array): Uint8Array {
  const count = planes[0]!.length;
  const { numbers, planes: places, bytes } = room(width, count);
  planes.forEach((plane, index) => void bytes.set(plane, places[index]!));
  const by = rotated ? 1 : 0;
  const end = numbers + count * width;
  if (width === 2) loops.join2(places[0]!, places[1]!, numbers, end, by);
  else loops.join4(places[0]!, places[1]!, places[2]!, places[3]!, numbers, end, by);
  bytes.set(rest, end);
  return bytes.subarray(numbers, end + rest.length);
}

/** Where the numbers and their planes lie, each with room for the whole blocks that the loops do. */
function room(width: number, count: number): { numbers: number; planes: readonly number[]; bytes: Uint8Array } {
  const each = Math.max(Math.ceil(count / BLOCK), 1) * BLOCK;
  const numbers = each * width;
  const missing = 2 * numbers + BLOCK - loops.memory.buffer.byteLength;
  if (missing > 0) loops.memory.grow(Math.ceil(missing / PAGE_BYTES));
  const planes = Array.from({ length: width }, (_, index) => index * each);
  return { numbers, planes, bytes: new Uint8Array(loops.memory.buffer) };
}

interface Loops {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  split2(from: number, end: number, p0: number, p1: number, by: number): void;
  join2(p0: number, p1: number, into: number, end: number, by: number): void;
  split4(from: number, end: number, p0: number, p1: number, p2: number, p3: number, by: number): void;
  join4(p0: number, p1: number, p2: number, p3: number, into: number, end: number, by: number): void;
}

/** TypeScript knows it only as a part of browsers. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

/** Sixteen bytes at a time, which JavaScript cannot: in its loops restoring a model spent most of its time. */
const loops = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(PLANES, 'base64'))).exports as Loops;

const BLOCK = 16;
const PAGE_BYTES = 64 * 1024;
