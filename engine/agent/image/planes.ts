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

/** Of as many whole numbers as there are; what is left after them belongs to no plane. */
export function split(raw: Buffer, { width, rotated }: Shape): readonly Uint8Array[] {
  const count = Math.floor(raw.length / width);
  if (width === 1) return [raw];
  const planes = Array.from({ length: width }, () => new Uint8Array(count));
  if (width === 2) split2(raw, count, rotated ? 1 : 0, planes[0]!, planes[1]!);
  else split4(raw, count, rotated ? 1 : 0, planes);
  return planes;
}

export function join(planes: readonly Uint8Array[], { width, rotated }: Shape, into: Buffer): void {
  if (width === 2) join2(planes[0]!, planes[1]!, rotated, into);
  else join4(planes, rotated ? 1 : 0, into);
}

function split2(raw: Buffer, count: number, by: number, low: Uint8Array, high: Uint8Array): void {
  for (let at = 0, byte = 0; at < count; at++, byte += 2) {
    const word = raw[byte]! | (raw[byte + 1]! << 8);
    const turned = (word << by) | ((word >>> 15) & by);
    low[at] = turned;
    high[at] = turned >>> 8;
  }
}

function split4(raw: Buffer, count: number, by: number, planes: readonly Uint8Array[]): void {
  const [a, b, c, d] = planes as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  for (let at = 0, byte = 0; at < count; at++, byte += 4) {
    const word = raw[byte]! | (raw[byte + 1]! << 8) | (raw[byte + 2]! << 16) | (raw[byte + 3]! << 24);
    const turned = (word << by) | ((word >>> 31) & by);
    a[at] = turned;
    b[at] = turned >>> 8;
    c[at] = turned >>> 16;
    d[at] = turned >>> 24;
  }
}

/** Two numbers at a time: this is where restoring a model spends its time. */
function join2(low: Uint8Array, high: Uint8Array, rotated: boolean, into: Buffer): void {
  const words = new Uint32Array(into.buffer, into.byteOffset, low.length >>> 1);
  for (let at = 0, from = 0; at < words.length; at++, from += 2) {
    const pair = low[from]! | (high[from]! << 8) | (low[from + 1]! << 16) | (high[from + 1]! << 24);
    words[at] = rotated ? ((pair >>> 1) & 0x7fff7fff) | ((pair & 0x00010001) << 15) : pair;
  }
  if (low.length % 2 === 0) return;
  const last = low.length - 1;
  const word = low[last]! | (high[last]! << 8);
  into.writeUInt16LE(rotated ? (word >>> 1) | ((word & 1) << 15) : word, last * 2);
}

function join4(planes: readonly Uint8Array[], by: number, into: Buffer): void {
  const [a, b, c, d] = planes as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  const words = new Uint32Array(into.buffer, into.byteOffset, a.length);
  for (let at = 0; at < words.length; at++) {
    const turned = a[at]! | (b[at]! << 8) | (c[at]! << 16) | (d[at]! << 24);
    words[at] = by === 1 ? (turned >>> 1) | (turned << 31) : turned;
  }
}
