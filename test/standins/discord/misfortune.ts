import type { Misfortune } from './state.ts';

/** So many times, from now on. */
export function misfortune(method: string, path: RegExp, does: Misfortune['does'], times = 1): Misfortune {
  return { method, path, does, times };
}
