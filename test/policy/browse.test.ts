import { expect, test } from 'vitest';
import type { ManifestLine } from '../../engine/domain/agent-protocol.ts';
import { allBelow, differences, entriesIn } from '../../engine/policy/browse.ts';

const dir = (path: string): ManifestLine => ({ path, type: 'dir', mode: 0o755, mtimeMs: 1, sizeBytes: 0 });
const file = (path: string, sizeBytes: number, more: Partial<ManifestLine> = {}): ManifestLine => ({
  path,
  type: 'file',
  mode: 0o644,
  mtimeMs: 1,
  sizeBytes,
  sha256: String(sizeBytes).padStart(64, '0'),
  ...more,
});
const TREE = [
  dir('root'),
  dir('workspace'),
  file('workspace/a', 1),
  dir('workspace/models'),
  file('workspace/models/b', 20),
  dir('workspace/models/deep'),
  file('workspace/models/deep/c', 300),
  file('workspace/models.txt', 4_000),
];

test('a directory lists what lies right in it, with the sums of what lies below', () => {
  const shown = (folder: string) =>
    entriesIn(TREE, folder)?.map(({ name, type, sizeBytes, files }) => `${name} ${type} ${sizeBytes} ${files}`);
  expect(shown('')).toEqual(['root dir 0 0', 'workspace dir 4321 4']);
  expect(shown('workspace')).toEqual(['a file 1 1', 'models dir 320 2', 'models.txt file 4000 1']);
  expect(shown('workspace/models/deep')).toEqual(['c file 300 1']);
  expect(shown('workspace/models/b')).toEqual(['b file 20 1']);
  expect(shown('root')).toEqual([]);
  expect(shown('workspace/mod')).toBeUndefined();
});

test('all that lies below is told by its path from there, and a file alone without one', () => {
  const shown = (folder: string) => allBelow(TREE, folder)?.map(({ name, files }) => `${name} ${files}`);
  expect(shown('workspace/models')).toEqual(['b 1', 'deep 0', 'deep/c 1']);
  expect(shown('')?.length).toBe(TREE.length);
  expect(shown('workspace/a')).toEqual([' 1']);
  expect(shown('workspace/mod')).toBeUndefined();
});

test('a file has its rights, a link says where it leads, and a directory without a line of its own has neither', () => {
  const link: ManifestLine = { ...dir('models/now'), type: 'link', target: 'b' };
  const shown = (folder: string) => entriesIn([link, file('models/b', 1, { mode: 0o755 })], folder) ?? [];
  expect(shown('').map(({ type, mode, target }) => [type, mode, target])).toEqual([['dir', null, null]]);
  expect(allBelow([dir('models'), link, file('models/b', 1)], 'models')).toMatchObject([
    { name: 'b', mode: 0o644, target: null },
    { name: 'now', mode: 0o755, target: 'b' },
  ]);
});

test('the sums do not depend on the order of the lines, nor on a line for each directory', () => {
  const shuffled = TREE.toReversed().filter(({ path }) => path !== 'workspace/models');
  expect(entriesIn(shuffled, 'workspace')?.find(({ name }) => name === 'models')).toMatchObject({
    type: 'dir',
    sizeBytes: 320,
    files: 2,
  });
});

test('what became other is named by path, and a new time alone is nothing', () => {
  const after = [
    dir('workspace'),
    file('workspace/a', 1, { mtimeMs: 99 }),
    file('workspace/models/b', 21),
    file('workspace/models/deep/c', 300, { mode: 0o755 }),
    file('workspace/new', 7),
  ];
  expect(differences(TREE, after)).toEqual([
    { path: 'workspace/models.txt', change: 'removed', bytesBefore: 4_000, bytesAfter: 0 },
    { path: 'workspace/models/b', change: 'changed', bytesBefore: 20, bytesAfter: 21 },
    { path: 'workspace/models/deep/c', change: 'changed', bytesBefore: 300, bytesAfter: 300 },
    { path: 'workspace/new', change: 'added', bytesBefore: 0, bytesAfter: 7 },
  ]);
  expect(differences(TREE, TREE)).toEqual([]);
});

test('a file whose hash nobody knows is another one when its time is', () => {
  const unknown = file('x', 1, { sha256: undefined });
  expect(differences([unknown], [{ ...unknown, mtimeMs: 2 }])).toMatchObject([{ change: 'changed' }]);
  expect(differences([unknown], [unknown])).toEqual([]);
});
