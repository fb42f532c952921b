import { expect, test } from 'vitest';
import { bytesOf, sampleOf } from '../../engine/policy/drill.ts';

const files = Array.from({ length: 1_000 }, (_, i) => ({ path: `f${i}`, sizeBytes: i }));
const all = bytesOf(files);
/** Chance that comes out the same each time. */
const dice = (seed: number) => () => {
  seed = (seed * 16_807) % 2_147_483_647;
  return seed / 2_147_483_647;
};

test('what there is room for is tried whole', () => {
  expect(sampleOf(files, { drillBytesMax: all, drillFilesMax: 1 }, dice(1))).toEqual({ chosen: files, whole: true });
});

test('of more than that, as much as there is room for, none twice, and others each time', () => {
  const limits = { drillBytesMax: all / 10, drillFilesMax: 200 };
  const { chosen, whole } = sampleOf(files, limits, dice(1));
  expect(whole).toBe(false);
  expect(new Set(chosen).size).toBe(chosen.length);
  expect(bytesOf(chosen)).toBeLessThanOrEqual(limits.drillBytesMax);
  expect(bytesOf(chosen)).toBeGreaterThan(limits.drillBytesMax * 0.9);
  expect(sampleOf(files, { ...limits, drillFilesMax: 7 }, dice(1)).chosen).toHaveLength(7);
  const seen = new Set<string>();
  for (let seed = 1; seed < 100; seed++)
    for (const { path } of sampleOf(files, limits, dice(seed)).chosen) seen.add(path);
  expect(seen.size, 'each has its turn').toBe(files.length);
});

test('a file that is larger than all the room is left out, and the others have it', () => {
  const huge = { path: 'huge', sizeBytes: 1_000 };
  const { chosen } = sampleOf([huge, ...files.slice(0, 10)], { drillBytesMax: 100, drillFilesMax: 500 }, dice(1));
  expect(chosen).toHaveLength(10);
});
