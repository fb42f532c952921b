import type { Seeded } from './seeded.ts';

/**
 * Tensors as a trained model has them: each is normal with a width of its own, in bf16. What a lossless coder can take from
 * them is in the exponents alone; how much that is, `entropy` says.
 */
export interface Weights {
  /** The next so many bytes; an even number. */
  next(bytes: number): Buffer;
  /** Bits of information in the exponent of a value, of one in sixteen that were given out. */
  exponentBits(): number;
}

export function weights(source: Seeded): Weights {
  const seen = new Float64Array(256);
  let left = 0;
  let values = new Uint16Array();
  const tensor = (): void => {
    left = TENSOR_VALUES;
    values = quantiles(NARROWEST * 2 ** (source.below(1_000) / 500));
  };
  return {
    next(bytes) {
      const chosen = source.bytes(bytes);
      const drawn = new Uint16Array(chosen.buffer, chosen.byteOffset, bytes / 2);
      for (let at = 0; at < drawn.length; ) {
        if (left === 0) tensor();
        const end = Math.min(drawn.length, at + left);
        left -= end - at;
        for (; at < end; at++) {
          const value = values[drawn[at]!]!;
          drawn[at] = value;
          if (at % COUNTED === 0) seen[(value >> 7) & 0xff]! += 1;
        }
      }
      return chosen;
    },
    exponentBits() {
      const total = seen.reduce((sum, count) => sum + count, 0);
      return seen.reduce((bits, count) => (count === 0 ? bits : bits - (count / total) * Math.log2(count / total)), 0);
    },
  };
}

/** A normal distribution as the 65,536 values that divide it evenly: sixteen random bits choose one. */
function quantiles(width: number): Uint16Array<ArrayBuffer> {
  const exact = new Float32Array(QUANTILES);
  for (let i = 0; i < QUANTILES; i++) exact[i] = width * normalAt((i + 0.5) / QUANTILES);
  const bits = new Uint32Array(exact.buffer);
  // The nearest bf16, as hardware rounds.
  return Uint16Array.from(bits, (word) => (word + 0x7fff + ((word >> 16) & 1)) >>> 16);
}

/** Where a share of a normal distribution ends: Acklam's approximation, good to a billionth. */
function normalAt(share: number): number {
  if (share > 0.5) return -normalAt(1 - share);
  if (share < TAIL) {
    const q = Math.sqrt(-2 * Math.log(share));
    return polynomial(C, q) / (polynomial(D, q) * q + 1);
  }
  const q = share - 0.5;
  return (polynomial(A, q * q) * q) / (polynomial(B, q * q) * q * q + 1);
}

const polynomial = (of: readonly number[], x: number): number => of.reduce((sum, one) => sum * x + one, 0);

const TAIL = 0.02425;
const A = [
  -3.969683028665376e1, 2.209460984245205e2, -2.759285104469687e2, 1.38357751867269e2, -3.066479806614716e1,
  2.506628277459239,
];
const B = [-5.447609879822406e1, 1.615858368580409e2, -1.556989798598866e2, 6.680131188771972e1, -1.328068155288572e1];
const C = [
  -7.784894002430293e-3, -3.223964580411365e-1, -2.400758277161838, -2.549732539343734, 4.374664141464968,
  2.938163982698783,
];
const D = [7.784695709041462e-3, 3.224671290700398e-1, 2.445134137142996, 3.754408661907416];
const QUANTILES = 65_536;
const COUNTED = 16;
const TENSOR_VALUES = 8 * 1024 * 1024;
const NARROWEST = 0.01;
