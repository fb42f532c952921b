import { expect, test } from 'vitest';
import { nextLevel } from '../../../engine/agent/image/segment-writer.ts';

/** How many ms 8 MB of Python sources take at each level of zstd, and what is left of them: measured. */
const CODING = [0, 34, 36, 47, 53, 96, 115, 132, 170, 176];
const LEFT = [1, 0.27, 0.259, 0.244, 0.243, 0.227, 0.217, 0.213, 0.21, 0.209];
const BYTES = 8e6;

/** The levels of the last of many segments that go over a line one after the other. */
function settled(bytesPerSecond: number): readonly number[] {
  const levels = [1];
  for (let at = 0; at < 100; at++) {
    const level = levels.at(-1)!;
    const sendingMs = ((BYTES * LEFT[level]!) / bytesPerSecond) * 1_000;
    levels.push(nextLevel(level, CODING[level]!, Math.max(sendingMs - CODING[level]!, 0)));
  }
  return levels.slice(-10);
}

test.each([
  ['a line that is faster than the fastest coding', 1e9, 1, 1],
  ['a line that is as fast as the coder in between', 15e6, 4, 5],
  ['a line that is slower than the best coding', 2e6, 9, 9],
])('%s settles between its levels', (_, bytesPerSecond, lowest, highest) => {
  const levels = settled(bytesPerSecond);
  expect(Math.min(...levels)).toBeGreaterThanOrEqual(lowest);
  expect(Math.max(...levels)).toBeLessThanOrEqual(highest);
});
