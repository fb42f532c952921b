import { hash } from 'node:crypto';

/** Numbers from 0 to 1 that depend on the seed alone: a small generator (mulberry32) started from a hash of the words. */
export function seeded(words: string): () => number {
  let state = Number.parseInt(hash('sha256', words).slice(0, 8), 16);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
