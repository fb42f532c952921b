import { expect, test } from 'vitest';
import { isCritical, usedLast } from '../../engine/agent/critical.ts';
import type { ManifestLine } from '../../engine/domain/agent-protocol.ts';

const HOUR = 3_600_000;
const NOW = 1_800_000_000_000;

const file = (path: string, sizeBytes: number, more: Partial<ManifestLine> = {}): ManifestLine => ({
  ...{ path, type: 'file', mode: 0o644, sizeBytes, mtimeMs: NOW - 1_000 * HOUR, ...more },
});

test.each([
  ['workspace/train.py', 2_000, true],
  ['root/.ssh/id_ed25519', 400, true],
  ['workspace/venv/lib/python3.11/site-packages/torch/lib/libtorch.so', 900e6, true],
  ['root/miniconda3/lib/libmkl.so', 90e6, true],
  ['workspace/code/.git/objects/pack/pack-1a2b.pack', 200e6, true],
  ['workspace/code/.git/modules/lib/objects/pack/pack-1a2b.pack', 200e6, true],
  ['workspace/code/.git/lfs/objects/1a/2b/1a2b', 200e6, false],
  ['workspace/model.safetensors', 4e9, false],
  ['data/film.mp4', 60e6, false],
])('%s of %d bytes: critical is %s', (path, sizeBytes, critical) => {
  expect(isCritical(file(path, sizeBytes))).toBe(critical);
});

test('of the data what was written or open on the last day that anybody did comes first', () => {
  const old = file('data/old.bin', 1e9);
  const written = file('data/written.bin', 1e9, { mtimeMs: NOW - 30 * HOUR });
  const read = file('data/read.bin', 1e9, { usedMs: NOW - 20 * HOUR });
  const before = file('data/before.bin', 1e9, { usedMs: NOW - 70 * HOUR });
  expect([...usedLast([old, written, read, before], NOW)]).toEqual([written, read]);
  expect([...usedLast([old, before], NOW)], 'however long ago that was').toEqual([before]);
  const future = file('data/future.bin', 1e9, { mtimeMs: NOW + 1_000 * HOUR });
  expect([...usedLast([old, read, future], NOW)], 'a date that cannot be').toEqual([read]);
});
