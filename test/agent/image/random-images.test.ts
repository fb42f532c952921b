import { hash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openSegmentReader } from '../../../engine/agent/image/segment-reader.ts';
import { make, type Thing, tree } from '../random-tree.ts';
import { openImageWorld, treeAt } from './image-world.ts';

test('any tree comes back from its image as it was', async () => {
  await fc.assert(
    fc.asyncProperty(tree, async (root) => {
      using world = openImageWorld();
      make(Buffer.from(world.work), root, { last: null });
      const before = treeAt(world.work);
      const image = await world.write();
      expect(image.whole).toBe(true);
      const { to, brought } = await world.read(world.lines());
      expect(brought.trouble).toBeNull();
      expect(treeAt(to)).toEqual(before);
    }),
    { numRuns: 5, endOnFailure: true },
  );
}, 120_000);

test('an image of an earlier time brings what is still the same, and nothing else', async () => {
  await fc.assert(
    fc.asyncProperty(tree, tree, tree, async (kept, before, later) => {
      using world = openImageWorld();
      const lay = (folder: string, things: Thing): void =>
        make(Buffer.from(join(world.work, folder)), things, { last: null });
      lay('kept', kept);
      lay('other', before);
      await world.write();
      rmSync(join(world.work, 'other'), { recursive: true });
      lay('other', later);
      const now = new Map(treeAt(world.work).map((line) => [nameIn(line), line]));
      const { to, brought } = await world.read(world.lines());
      expect(brought.trouble).toBeNull();
      expect(treeAt(join(to, 'kept'))).toEqual(treeAt(join(world.work, 'kept')));
      for (const line of treeAt(to)) {
        if (line.startsWith('dir')) continue; // their owner and mode come with restic where the image has others
        expect(line.replace(NAMES, '')).toBe(now.get(nameIn(line))?.replace(NAMES, ''));
      }
    }),
    { numRuns: 4, endOnFailure: true },
  );
}, 120_000);

/** How many names a file has may differ, while restic has not brought the others. */
const NAMES = / #\d+ of \d+$/;
const nameIn = (line: string): string => /^\w+ ("(?:[^"\\]|\\.)*")/.exec(line)?.[1] ?? '';

test('a byte that is another, or an end that is missing, never makes a wrong file', async () => {
  using world = openImageWorld();
  writeFileSync(join(world.work, 'a'), 'the first of two\n'.repeat(4));
  writeFileSync(join(world.work, 'b'), 'the second\n');
  const image = await world.write();
  const [name, bytes] = image.segments[0]!;
  const stored = join(world.storage, 'image/segments', name);
  const read = openSegmentReader(world.setup);
  const path = join(world.work, 'back');
  const sha256 = hash('sha256', Buffer.concat(['a', 'b'].map((file) => readFileSync(join(world.work, file)))));
  const whole = { mode: 0o644, uid: 0, gid: 0, mtimeNs: '0', sha256 };
  const job = { name, bytes, pieces: [{ path, from: 0, bytes, to: 0, whole }] };
  const good = readFileSync(stored);
  const expectNothing = async (bad: Buffer, what: string): Promise<void> => {
    writeFileSync(stored, bad);
    expect(await read(job), what).toContain('damaged');
    expect(existsSync(path), what).toBe(false);
  };
  for (let at = 0; at < good.length; at++) {
    const bad = Buffer.from(good);
    bad[at]! ^= 1 << (at % 8);
    await expectNothing(bad, `byte ${at} changed`);
    await expectNothing(good.subarray(0, at), `cut at ${at}`);
  }
  writeFileSync(stored, good);
  expect(await read(job)).toEqual([statSync(path).ino]);
  expect(readFileSync(path)).toHaveLength(bytes);
});
