import { createHash } from 'node:crypto';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { compareFolder, piecesOf } from '../../engine/cli/compare-folder.ts';
import type { EntriesJson } from '../../engine/http/json/files.ts';
import { temporaryFolder } from '../store/temporary-folder.ts';

type Entry = EntriesJson['entries'][number];
const { signal } = new AbortController();

const entry = (name: string, type: Entry['type'] = 'file', text = name): Entry => ({
  name,
  type,
  mtime: '2025-06-02T09:00:00.000Z',
  size_bytes: type === 'file' ? text.length : 0,
  files: type === 'file' ? 1 : 0,
  sha256: type === 'file' ? createHash('sha256').update(text).digest('hex') : null,
});

const TREE = [
  entry('a'),
  entry('link', 'link'),
  entry('src', 'dir'),
  entry('src/one'),
  entry('src/two'),
  entry('src/deep', 'dir'),
  entry('src/deep/three'),
];

async function folderWith(files: Readonly<Record<string, string>>) {
  const folder = await temporaryFolder();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder.path, name)), { recursive: true });
    writeFileSync(join(folder.path, name), text);
  }
  return folder;
}

const shown = ({ wanted, ...rest }: Awaited<ReturnType<typeof compareFolder>>) => ({
  wanted: wanted.map(({ name }) => name),
  ...rest,
});

test('what is there as it was saved is told from what is there otherwise, missing, or of somebody else', async () => {
  await using folder = await folderWith({ a: 'a', 'src/one': 'ONE'.padEnd(7), 'src/own': '', 'src/two': 'SRC/two' });
  symlinkSync('a', join(folder.path, 'link'));
  expect(shown(await compareFolder(folder.path, TREE, signal))).toEqual({
    wanted: ['src/one', 'src/two', 'src/deep/three'],
    otherwise: ['src/one', 'src/two'],
    same: 2,
    others: 1,
  });
  mkdirSync(join(folder.path, 'home/of/somebody'), { recursive: true });
  expect((await compareFolder(folder.path, TREE, signal)).others, 'a directory of others counts once').toBe(2);
});

test('a file where a directory was saved would be replaced, and a file alone is compared too', async () => {
  await using folder = await folderWith({ src: 'no directory' });
  expect((await compareFolder(folder.path, TREE, signal)).otherwise).toEqual(['src']);
  const alone = { ...entry('no directory'), name: '' };
  expect(shown(await compareFolder(join(folder.path, 'src'), [alone], signal))).toMatchObject({ wanted: [], same: 1 });
});

test.each([
  [['a'], ['a']],
  [['src/one', 'src/two', 'src/deep/three'], ['src']],
  [
    ['a', 'src/two', 'src/deep/three'],
    ['a', 'src/two', 'src/deep'],
  ],
  [['link'], ['']],
  [['a', 'link', 'src/one', 'src/two', 'src/deep/three'], ['']],
])('of %j is asked for %j', (wanted, pieces) => {
  const of = TREE.filter(({ name }) => wanted.includes(name));
  expect(piecesOf(TREE, of)).toEqual(pieces);
});
