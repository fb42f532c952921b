import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { codeOf } from '../durable.ts';

/** The end of a text file. A letter that was cut in two at either end of it is left out. */
export function tailOf(file: string): string {
  let handle: number;
  try {
    handle = openSync(file, 'r');
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return ''; // nothing yet, or somebody erased it
    throw cause;
  }
  try {
    const { size } = fstatSync(handle);
    const from = Math.max(0, size - TAIL_BYTES);
    const bytes = Buffer.alloc(size - from);
    const text = bytes.subarray(0, readSync(handle, bytes, 0, bytes.length, from));
    const start = from === 0 ? 0 : text.findIndex((byte) => !isContinuation(byte));
    return new TextDecoder().decode(text.subarray(Math.max(start, 0)), { stream: true }); // keeps back half a letter
  } finally {
    closeSync(handle);
  }
}

const isContinuation = (byte: number): boolean => (byte & 0b1100_0000) === 0b1000_0000;
const TAIL_BYTES = 2_048;
