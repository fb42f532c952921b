import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { letGo } from './let-go.ts';
import { join, type Shape, split } from './planes.ts';

/**
 * A segment's bytes as they are stored: a head, then each plane, compressed where that gains something. FORMAT.md has the
 * layout.
 */
export function encode(raw: Buffer, shape: Shape, level: number, check: Uint8Array): readonly Uint8Array[] {
  const planes = split(raw, shape);
  const packed = planes.map((plane) => pack(plane, shape.width > 1 ? PLANE : { [LEVEL]: level }));
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt8(shape.width, 0);
  head.writeUInt8(shape.rotated ? 1 : 0, 1);
  head.writeUInt32LE(raw.length, 4);
  packed.forEach((plane, index) => void head.writeUInt32LE(plane.length, 8 + 4 * index));
  return [head, check, ...packed, raw.subarray(raw.length - (raw.length % shape.width))];
}

/** Good until the next call. Throws a RangeError when they were not made by `encode`. */
export function decode(stored: Buffer): Uint8Array {
  for (const plane of unpacked.splice(0)) letGo(plane);
  const width = stored.readUInt8(0);
  const shape = { width, rotated: stored.readUInt8(1) === 1 };
  const length = stored.readUInt32LE(4);
  if (![1, 2, 4].includes(width) || length > RAW_MAX) throw new RangeError('no such coding');
  const planeBytes = Math.floor(length / width);
  let at = HEAD_BYTES + CHECK_BYTES;
  const planes = Array.from({ length: width }, (_, index) => {
    const bytes = stored.readUInt32LE(8 + 4 * index);
    const plane = unpack(stored.subarray(at, at + bytes), planeBytes);
    at += bytes;
    return plane;
  });
  if (stored.length - at !== length % width) throw new RangeError('a segment of another length');
  if (width === 1) return planes[0]!;
  return join(planes, shape, stored.subarray(at));
}

/** Of what is in it, before any coding. */
export const checkIn = (stored: Buffer): Buffer => stored.subarray(HEAD_BYTES, HEAD_BYTES + CHECK_BYTES);

/** What a sample of it says: which way of cutting it up leaves the least. */
export function shapeOf(raw: Buffer): Shape {
  const sample = sampleOf(raw);
  const whole = zstdCompressSync(sample, { params: { [LEVEL]: 1 } }).length;
  if (whole < sample.length * TEXT) return PLAIN;
  let best: Shape = PLAIN;
  let least = Math.min(whole, sample.length);
  for (const shape of SHAPES) {
    const bytes = split(sample, shape).reduce((total, plane) => total + entropyBytes(plane), 0);
    if (bytes >= least * WORTH) continue;
    best = shape;
    least = bytes;
  }
  return best;
}

export const PLAIN: Shape = { width: 1, rotated: false };
const SHAPES: readonly Shape[] = [
  { width: 2, rotated: true },
  { width: 2, rotated: false },
  { width: 4, rotated: true },
];

function sampleOf(raw: Buffer): Buffer {
  if (raw.length <= SAMPLES * SAMPLE_BYTES) return raw;
  const step = Math.floor(raw.length / SAMPLES / 4) * 4;
  return Buffer.concat(
    Array.from({ length: SAMPLES }, (_, index) => raw.subarray(index * step, index * step + SAMPLE_BYTES)),
  );
}

/** What a coder that looks at one byte at a time would need. */
function entropyBytes(plane: Uint8Array): number {
  const counts = new Uint32Array(256);
  for (const byte of plane) counts[byte]! += 1;
  let bits = 0;
  for (const count of counts) if (count > 0) bits -= count * Math.log2(count / plane.length);
  return bits / 8;
}

function pack(plane: Uint8Array, params: Readonly<Record<number, number>>): Uint8Array {
  if (plane.length === 0 || entropyBytes(plane) > plane.length * RANDOM) return plane;
  const packed = zstdCompressSync(plane, { params, chunkSize: Math.max(plane.length, CHUNK_MIN) });
  return packed.length < plane.length ? packed : plane;
}

function unpack(packed: Buffer, bytes: number): Buffer {
  if (packed.length === bytes) return packed;
  const plane = zstdDecompressSync(packed, { maxOutputLength: bytes, chunkSize: Math.max(bytes + 1, CHUNK_MIN) });
  unpacked.push(plane);
  if (plane.length !== bytes) throw new RangeError('a plane of another length');
  return plane;
}

/** By the last call. */
const unpacked: Buffer[] = [];

const { ZSTD_c_compressionLevel: LEVEL, ZSTD_c_minMatch, ZSTD_c_hashLog, ZSTD_c_windowLog } = constants;
/** Exponents never repeat in rows, so that looking for repetitions costs time on both ways and saves nothing. */
const PLANE = { [LEVEL]: 1, [ZSTD_c_minMatch]: 7, [ZSTD_c_hashLog]: 6, [ZSTD_c_windowLog]: 17 };

const HEAD_BYTES = 24;
const CHECK_BYTES = 16;
/** No segment is as large, and no head may ask for more memory. */
const RAW_MAX = 64 * 1024 * 1024;
const CHUNK_MIN = 64;
const SAMPLES = 4;
const SAMPLE_BYTES = 32 * 1024;
/** Compresses as it is: text, code. */
const TEXT = 0.6;
/** The next way of cutting must win by this much; smaller planes always look a little better in a sample. */
const WORTH = 0.97;
/** As good as random: not worth a try. */
const RANDOM = 0.985;
