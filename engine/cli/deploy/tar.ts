import assert from 'node:assert';
import { gzipSync } from 'node:zlib';

export interface Packed {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly executable: boolean;
}

/** The same bytes for the same files, whenever and by whomever they are packed: their checksum says what a release is. */
export function tarGz(files: readonly Packed[]): Buffer {
  const parts = files
    .toSorted((a, b) => (a.path < b.path ? -1 : 1))
    .flatMap(({ path, bytes, executable }) => [header(path, bytes.length, executable), bytes, padding(bytes.length)]);
  return gzipSync(Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]), { level: 9 });
}

const BLOCK = 512;

/** POSIX ustar: name, mode, owner, group, size, time, checksum, type, and the mark. */
function header(path: string, size: number, executable: boolean): Buffer {
  const block = Buffer.alloc(BLOCK);
  assert(Buffer.byteLength(path) <= 100, `the path ${path} is too long to be packed`);
  block.write(path, 0);
  block.write(executable ? '0000755\0' : '0000644\0', 100);
  block.write('0000000\0', 108);
  block.write('0000000\0', 116);
  block.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  block.write('00000000000\0', 136);
  block.write('        0ustar\x0000', 148);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

function padding(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
}
