import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { attributesOf, setAttributes } from '../../../engine/agent/image/attributes.ts';
import { decode, encode, PLAIN } from '../../../engine/agent/image/coding.ts';
import { imageKeys } from '../../../engine/agent/image/keys.ts';
import {
  type ImageEntry,
  type ImageFile,
  type ImageManifest,
  packImage,
  unpackImage,
} from '../../../engine/agent/image/manifest.ts';
import { checkOf, seal, unseal } from '../../../engine/agent/image/seal.ts';
import { readHead } from '../../../engine/domain/image-head.ts';
import { backupOf, openImageWorld, PASSWORD, treeAt } from './image-world.ts';
import { weights } from './weights.ts';

test('what was written comes back as it was', async () => {
  using world = openImageWorld();
  const { work } = world;
  mkdirSync(join(work, 'code/deep'), { recursive: true });
  writeFileSync(join(work, 'code/a.py'), 'print(1)\n');
  writeFileSync(join(work, 'code/deep/b.py'), 'print(2)\n');
  writeFileSync(join(work, 'empty'), '');
  writeFileSync(join(work, 'model.safetensors'), weights('bf16', 20_000_001));
  linkSync(join(work, 'code/a.py'), join(work, 'again.py'));
  symlinkSync('nowhere', join(work, 'dangling'));
  chmodSync(join(work, 'code/a.py'), 0o4755);
  const tagged = { path: Buffer.from(join(work, 'empty')), xattrs: [[base64('user.note'), base64('\0mine')]] as const };
  expect(setAttributes([tagged])).toBe(true);
  utimesSync(join(work, 'code/deep'), '-5000.25', '-5000.25');
  const image = await world.write();
  expect(image.whole).toBe(true);
  const { to, brought } = await world.read(world.lines());
  expect(brought.trouble).toBeNull();
  expect(treeAt(to)).toEqual(treeAt(work));
  const there = await attributesOf([Buffer.from(join(to, 'empty'))], new AbortController().signal);
  expect(there?.get(0)).toEqual(tagged.xattrs);
  expect(brought.paths.size).toBe(world.lines().length);
});

test.each([
  ['a small file', 3_000_000],
  ['a large file', 30_000_000],
])('%s keeps its holes', async (_, size) => {
  using world = openImageWorld();
  for (const [name, data] of [
    ['data', 'data'],
    ['hole', ''],
  ] as const) {
    writeFileSync(join(world.work, name), data);
    truncateSync(join(world.work, name), size);
  }
  writeFileSync(join(world.work, 'dense'), Buffer.alloc(100_000));
  await world.write();
  const { to } = await world.read(world.lines());
  expect(treeAt(to)).toEqual(treeAt(world.work));
  const blocks = (name: string): number => statSync(join(to, name)).blocks;
  expect(blocks('data')).toBeLessThanOrEqual((64 * 1024) / 512);
  expect(blocks('hole')).toBe(0);
  expect(blocks('dense')).toBeGreaterThanOrEqual(100_000 / 512);
});

test('what changed goes into new segments, and a segment that is a quarter dead is left', async () => {
  using world = openImageWorld();
  for (let file = 0; file < 100; file++) writeFileSync(join(world.work, `f${file}`), `${file} `.repeat(2_000));
  const first = await world.write();
  expect(first.segments).toHaveLength(1);
  writeFileSync(join(world.work, 'f7'), 'another');
  const second = await world.write(first);
  expect(second.segments).toHaveLength(2);
  expect(second.segments[0]![1] + second.segments[1]![1]).toBe(first.segments[0]![1] + 'another'.length);
  for (let file = 20; file < 60; file++) rmSync(join(world.work, `f${file}`));
  const third = await world.write(second);
  expect(third.segments.map(([name]) => name)).not.toContain(first.segments[0]![0]);
  const { to } = await world.read(world.lines());
  expect(treeAt(to)).toEqual(treeAt(world.work));
});

test('many small segments become one, and as long as there is no time for it stay what they are', async () => {
  using world = openImageWorld();
  const names = Array.from({ length: 17 }, (_, file) => `f${file}`);
  let image: ImageManifest | null = null;
  for (const name of names) {
    writeFileSync(join(world.work, name), name);
    image = await world.write(image);
  }
  expect(image!.segments, 'each in its own').toHaveLength(17);
  expect(await world.write(image, AbortSignal.abort())).toMatchObject({ whole: true, segments: image!.segments });
  expect((await world.write(image)).segments).toHaveLength(1);
  const { to } = await world.read(world.lines());
  expect(treeAt(to)).toEqual(treeAt(world.work));
});

test('when time is up, what is written is an image of its own', async () => {
  using world = openImageWorld();
  writeFileSync(join(world.work, 'a'), 'work');
  const image = await world.write(null, AbortSignal.abort());
  expect(image).toMatchObject({ whole: false, segments: [] });
  const { brought } = await world.read(world.lines());
  expect([...brought.paths.keys()]).toEqual(['root']);
});

test('a file that is not the snapshot’s is left to restic', async () => {
  using world = openImageWorld();
  writeFileSync(join(world.work, 'a'), 'as it was');
  writeFileSync(join(world.work, 'b'), 'as it is');
  const lines = world.lines();
  writeFileSync(join(world.work, 'a'), 'as it is!');
  utimesSync(join(world.work, 'a'), 1_000, 1_000);
  const image = await world.write(null, undefined, lines);
  expect(image.whole).toBe(false);
  expect(image.entries.map(({ path }) => path)).toEqual(['root', 'root/b']);
});

test('a segment that is not what was put into it is no part of a file', async () => {
  using world = openImageWorld();
  writeFileSync(join(world.work, 'large'), randomBytes(20_000_000));
  writeFileSync(join(world.work, 'other'), randomBytes(5_000_000));
  const { entries, segments } = await world.write();
  const large = entries.find((entry): entry is ImageFile => entry.type === 'file' && entry.path.endsWith('large'))!;
  const [name, bytes] = segments[large.extents[1]![0]]!;
  const keys = imageKeys(PASSWORD);
  const file = join(world.storage, 'image/segments', name);
  const raw = Buffer.from(decode(unseal(keys, `segment ${name}`, readFileSync(file))));
  const check = checkOf(keys, raw);
  const put = (data: Buffer): void => writeFileSync(file, seal(keys, `segment ${name}`, encode(data, PLAIN, 1, check)));
  put(raw);
  expect((await world.read(world.lines())).brought.trouble, 'as it was').toBeNull();
  raw[bytes - 1]! ^= 1;
  put(raw);
  const { to, brought } = await world.read(world.lines());
  expect(brought.trouble).toBe('the wake image is damaged: root/large');
  expect(readdirSync(to), 'what is left to restic').toEqual(['other']);
});

test.each([
  ['has no proof', ({ proof: _, ...file }: ImageFile) => file],
  ['has pieces in another order', (file: ImageFile) => ({ ...file, extents: swapped(file.extents) })],
])('a file in several pieces that %s is left to restic', async (_, forge) => {
  using world = openImageWorld();
  writeFileSync(join(world.work, 'large'), randomBytes(20_000_000));
  const { entries, ...head } = await world.write();
  const forged = entries.map((entry) => (entry.type === 'file' ? forge(entry) : entry));
  const { to, brought } = await world.read(world.lines(), { ...head, entries: forged });
  expect(brought.trouble).toBe('the wake image is damaged: root/large');
  expect(readdirSync(to)).toEqual([]);
  expect(await world.write({ ...head, entries: forged }), 'the next image').toEqual({ ...head, entries });
});

test('a manifest that was touched or has another key is not used', async () => {
  using world = openImageWorld();
  writeFileSync(join(world.work, 'a'), 'work');
  const keys = imageKeys(PASSWORD);
  const good = packImage(await world.write(), keys);
  expect(unpackImage(good, keys).whole).toBe(true);
  expect(() => unpackImage(good, imageKeys('another'))).toThrow('damaged');
  for (let at = 0; at < good.length; at++) {
    const bad = Buffer.from(good);
    bad[at]! ^= 0x20;
    expect(() => unpackImage(bad, keys), `byte ${at}`).toThrow();
    expect(() => unpackImage(good.subarray(0, at), keys), `cut at ${at}`).toThrow();
  }
});

const META = { mode: 0o644, uid: 0, gid: 0, mtimeNs: '0' };
const dir = (path: string): ImageEntry => ({ type: 'dir', path, ...META });
const link = (path: string, target: string): ImageEntry => ({ type: 'link', path, target, ...META });
const file = (path: string, extents: [number, number, number, number][] = [], size = 0): ImageEntry => ({
  ...{ type: 'file', path, size, sha256: 'c'.repeat(64), extents },
  ...META,
});

const odd = (entry: ImageEntry, fields: object): ImageEntry => ({ ...entry, ...fields }) as ImageEntry;

test.each<readonly [string, readonly ImageEntry[]]>([
  ['a way up', [file('root/../etc/passwd')]],
  ['an absolute name', [file('/etc/passwd')]],
  ['a file below a link', [link('root/out', '/etc'), file('root/out/passwd')]],
  ['a file below a file', [file('root/a'), file('root/a/b')]],
  ['a directory below a link', [dir('root'), link('root/out', '/etc'), dir('root/out/cron.d')]],
  ['the same name twice', [link('root/a', '/etc/passwd'), file('root/a')]],
  ['another name of what it has not', [{ type: 'name', path: 'root/a', of: '../../etc/shadow' }]],
  ['more than there is in its segment', [file('root/a', [[0, 90, 20, 0]], 20)]],
  ['a segment that is not listed', [file('root/a', [[1, 0, 1, 0]], 1)]],
  ['data past its end', [file('root/a', [[0, 0, 20, 1]], 20)]],
  ['a mode that no file has', [odd(file('root/a'), { mode: 0o10000 })]],
  ['a size that is none', [odd(file('root/a'), { size: -1 })]],
  ['an owner that is none', [odd(dir('root'), { uid: 0.5 })]],
  ['a time that is none', [odd(dir('root'), { mtimeNs: '1.5' })]],
  ['a hash that is none', [odd(file('root/a'), { sha256: 'C'.repeat(64) })]],
  ['an extent of five', [file('root/a', [[0, 0, 20, 0, 0] as unknown as [number, number, number, number]], 20)]],
  ['a field that nobody knows', [odd(file('root/a'), { more: 1 })]],
  ['a kind that nobody knows', [odd(dir('root'), { type: 'pipe' })]],
])('a forged manifest with %s is refused', (_, entries) => {
  const keys = imageKeys(PASSWORD);
  const head = { version: 2 as const, ...backupOf([]), whole: true };
  const bytes = packImage({ ...head, segments: [['d'.repeat(64), 100, 100]], entries }, keys);
  expect(() => unpackImage(bytes, keys), 'in words').toThrow(/^[^[{]*$/);
});

test('which segments are in use can be read without a key', async () => {
  using world = openImageWorld();
  writeFileSync(join(world.work, 'a'), 'work');
  const image = await world.write();
  const stored = readdirSync(join(world.storage, 'image/segments'));
  expect(readHead(packImage(image, imageKeys('any')))?.segments.map(([name]) => name)).toEqual(stored);
  expect(readHead(Buffer.from('something else'))).toBeNull();
});

/** The first two, each in the place of the other. */
function swapped([one, two, ...rest]: ImageFile['extents']): ImageFile['extents'] {
  return [[two![0], two![1], two![2], one![3]], [one![0], one![1], one![2], two![3]], ...rest];
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');
