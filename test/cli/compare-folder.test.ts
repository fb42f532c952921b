import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
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
  mode: 0o644,
  target: type === 'link' ? 'a' : null,
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

const shown = ({ wanted, inTheWay: _, ...rest }: Awaited<ReturnType<typeof compareFolder>>) => ({
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

test('a link that leads elsewhere, and a file with other rights, are not as they were saved', async () => {
  await using folder = await folderWith({ a: 'a', b: 'b', c: 'c' });
  const at = (name: string) => join(folder.path, name);
  chmodSync(at('a'), 0o755);
  chmodSync(at('b'), 0o664); // a difference that the umask makes when it is restored is none
  chmodSync(at('c'), 0o000);
  symlinkSync('ckpt-100', at('link'));
  symlinkSync('ckpt-100', at('old'));
  const old = { ...entry('old', 'link'), target: null }; // from an agent that did not say where it leads
  symlinkSync(Buffer.from([0xff]), at('bytes'));
  const bytes = { ...entry('bytes', 'link'), target: '\udcff' }; // no text
  const compared = async (...entries: readonly Entry[]) => shown(await compareFolder(folder.path, entries, signal));
  const entries = [entry('a'), entry('b'), entry('c'), entry('link', 'link'), old];
  expect(await compared(...entries)).toMatchObject({ otherwise: ['a', 'c', 'link'], same: 2 });
  const others = [{ ...entry('a'), mode: 0o4755 }, { ...entry('link', 'link'), target: 'ckpt-100' }, bytes];
  expect(await compared(...others), 'as they are there').toMatchObject({ otherwise: [], same: 3 });
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
