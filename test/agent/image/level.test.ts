import { createHash } from 'node:crypto';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { constants, zstdCompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { openLine } from '../../../engine/agent/image/line.ts';
import { nextLevel, openSegmentWriter } from '../../../engine/agent/image/segment-writer.ts';
import { openImageWorld, PASSWORD } from './image-world.ts';
import { openStorage } from './storage.ts';

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

test('a writer compresses more on a slow line, and less again on a fast one', async () => {
  using world = openImageWorld();
  const code = Buffer.concat(globSync('engine/**/*.ts').map((file) => readFileSync(file))).subarray(0, 150_000);
  let lineMs = 40;
  let last = Promise.resolve();
  using storage = await openStorage(async () => {
    last = last.then(() => sleep(lineMs)); // one after the other, as on a line
    await last;
    return 200;
  });
  const line = openLine([]);
  const write = openSegmentWriter({ password: PASSWORD, at: storage.at }, line.ask);
  let count = 0;
  /** How much of each of its last bundles it stores, beside what the fastest coding would leave. */
  const left = async (bundles: number): Promise<readonly number[]> => {
    const bodies = Array.from({ length: bundles }, () => Buffer.concat([Buffer.from(`# ${++count}\n`), code]));
    const path = join(world.work, 'f');
    for (const body of bodies) {
      writeFileSync(path, body);
      const sha256 = createHash('sha256').update(body).digest('hex');
      await write({ files: [{ path, size: body.length, sha256 }], alone: false });
    }
    await line.empty(new AbortController().signal);
    return [...line.stored.values()].slice(-LAST).map(([, , bytes]) => bytes / length(code, LEVEL_MIN));
  };
  expect((await left(80)).at(-1), 'slow').toBeLessThan(0.9);
  lineMs = 0;
  // A busy computer makes it wait for a moment, on the fastest line too.
  expect(Math.max(...(await left(40))), 'fast').toBeGreaterThan(0.97);
});

const length = (data: Buffer, level: number): number =>
  zstdCompressSync(data, { params: { [constants.ZSTD_c_compressionLevel]: level } }).length;
const LEVEL_MIN = 1;
const LAST = 10;
