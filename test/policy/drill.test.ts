import { expect, test } from 'vitest';
import { bytesOf, partOf } from '../../engine/policy/drill.ts';

const files = Array.from({ length: 1_000 }, (_, i) => ({ path: `f${String(i).padStart(4, '0')}`, sizeBytes: i }));
const all = bytesOf(files);

test('what there is room for is tried whole', () => {
  expect(partOf(files, { drillBytesMax: all, drillFilesMax: 1 }, 3)).toEqual({
    chosen: files,
    whole: true,
    fits: true,
    number: 1,
    of: 1,
  });
});

test('of more than that a part at a time, and after as many times as there are parts each file had one turn', () => {
  const limits = { drillBytesMax: all / 10, drillFilesMax: 200 };
  const shuffled = files.toSorted((a, b) => Math.sin(a.sizeBytes) - Math.sin(b.sizeBytes));
  const { of } = partOf(shuffled, limits, 0);
  expect(of).toBeLessThanOrEqual(15);
  const parts = Array.from({ length: of }, (_, turn) => partOf(shuffled, limits, turn));
  for (const { chosen, whole, fits } of parts) {
    expect([whole, fits]).toEqual([false, true]);
    expect(bytesOf(chosen)).toBeLessThanOrEqual(limits.drillBytesMax);
    expect(chosen.length).toBeLessThanOrEqual(limits.drillFilesMax);
  }
  const tried = parts.flatMap(({ chosen }) => chosen.map(({ path }) => path));
  expect(tried.toSorted()).toEqual(files.map(({ path }) => path));
  expect(partOf(shuffled, limits, of), 'then from the beginning').toEqual(parts[0]);
});

test('a file that is larger than all the room is a part of its own, for which there is none', () => {
  const huge = { path: 'huge', sizeBytes: 1_000 };
  const limits = { drillBytesMax: 100, drillFilesMax: 500 };
  const parts = [0, 1].map((turn) => partOf([huge, ...files.slice(0, 10)], limits, turn));
  expect(parts.map(({ chosen, fits, number, of }) => [chosen.length, fits, number, of])).toEqual([
    [10, true, 1, 2],
    [1, false, 2, 2],
  ]);
  expect(partOf([huge], limits, 7)).toMatchObject({ chosen: [huge], fits: false, of: 1 });
});
