import type { Reading } from '../../domain/heartbeat.ts';
import type { Span } from './census.ts';

/** A rate over the time between two readings, put together from samples. */
export interface Mean {
  add(amount: number | null, span: Span): void;
  /** Per second. Between two samples there is nothing new, and the last mean is said again. */
  reading(): Reading;
}

/** `say` tells why there is no amount. */
export function openMean(say: string): Mean {
  let amount = 0;
  let ms = 0;
  let unknown = false;
  let last: Reading = { value: null, lastAt: null, say: 'it was not measured yet' };
  return {
    add(more, { before, after }) {
      if (more === null) unknown = true;
      else amount += more;
      ms += after.at - before.at;
    },
    reading() {
      if (ms <= 0) return last;
      last = unknown ? { value: null, lastAt: null, say } : { value: (amount * 1000) / ms, lastAt: null, say: '' };
      [amount, ms, unknown] = [0, 0, false];
      return last;
    },
  };
}
