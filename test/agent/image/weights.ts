/** Normal numbers as a trained model has them, from a fixed seed. */
export function weights(kind: 'bf16' | 'fp16' | 'fp32', bytes: number, seed = 1): Buffer {
  const raw = Buffer.alloc(bytes);
  const width = kind === 'fp32' ? 4 : 2;
  let state = seed;
  const chance = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state + 1) / 2 ** 32;
  };
  const float = new DataView(new ArrayBuffer(4));
  for (let at = 0; at + width <= bytes; at += width) {
    const value = Math.sqrt(-2 * Math.log(chance())) * Math.cos(2 * Math.PI * chance()) * 0.02;
    float.setFloat32(0, value, true);
    if (kind === 'fp32') raw.writeFloatLE(value, at);
    else if (kind === 'bf16') raw.writeUInt16LE(float.getUint16(2, true), at);
    else raw.writeUInt16LE(halfOf(float.getUint32(0, true)), at);
  }
  return raw;
}

/** Cut off, not rounded: only how the bits are spread matters here. */
function halfOf(bits: number): number {
  const exponent = Math.max(((bits >>> 23) & 0xff) - 112, 0);
  return ((bits >>> 16) & 0x8000) | (exponent << 10) | ((bits >>> 13) & 0x3ff);
}
