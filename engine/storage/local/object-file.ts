import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import * as z from 'zod';
import { CHECKSUMS, type ChecksumName } from './checksums.ts';

const Checksum = z.object({ name: z.enum(Object.keys(CHECKSUMS) as [ChecksumName]), value: z.string() });

/** What is known of an object besides its bytes. */
export const Facts = z.object({
  /** UTF-8 text; in memory keys are byte strings. */
  key: z.string(),
  sizeBytes: z.number(),
  /** Without its quotes. */
  etag: z.string(),
  createdAt: z.number(),
  contentType: z.string(),
  /** Headers given back as they came: content-encoding, cache-control and their kind. */
  headers: z.record(z.string(), z.string()),
  /** By name without `x-amz-meta-`. */
  metadata: z.record(z.string(), z.string()),
  checksum: Checksum.nullable(),
});
export type Facts = z.infer<typeof Facts>;

const MAGIC = Buffer.from('DUMONT-1');
const END_BYTES = MAGIC.length + 8;
const FACTS_BYTES_MAX = 64 * 1024;

/**
 * An object is one file: its bytes, then its facts, then how long those are. So one rename makes both appear at once, the
 * data begins at 0 for ranges, and a folder of such files needs nothing else to be understood.
 */
export function tailOf(facts: object): Buffer {
  const text = Buffer.from(JSON.stringify(facts));
  const end = Buffer.alloc(END_BYTES);
  end.writeUInt32LE(text.length, 0);
  end.writeUInt32LE(crc32(text), 4);
  MAGIC.copy(end, 8);
  return Buffer.concat([text, end]);
}

/** The facts at the end of a file, or null when it is not a whole file of ours. Read at start only, so without waiting. */
export function readTail<T>(path: string, shape: z.ZodType<T>): { facts: T; dataBytes: number } | null {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const end = readAt(file, size - END_BYTES, END_BYTES);
    if (!end?.subarray(8).equals(MAGIC)) return null;
    const length = end.readUInt32LE(0);
    const dataBytes = size - END_BYTES - length;
    if (length > FACTS_BYTES_MAX) return null;
    const text = readAt(file, dataBytes, length);
    if (!text || crc32(text) !== end.readUInt32LE(4)) return null;
    const read = shape.safeParse(JSON.parse(text.toString()));
    return read.success ? { facts: read.data, dataBytes } : null;
  } finally {
    closeSync(file);
  }
}

function readAt(file: number, at: number, length: number): Buffer | null {
  if (at < 0) return null;
  const bytes = Buffer.alloc(length);
  return readSync(file, bytes, 0, length, at) === length ? bytes : null;
}
