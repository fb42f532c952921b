import { randomBytes } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { imageKeys } from '../../../engine/agent/image/keys.ts';
import { unpackImage } from '../../../engine/agent/image/manifest.ts';
import type { ObjectsAt } from '../../../engine/agent/image/objects.ts';
import { writeWakeImage } from '../../../engine/agent/image/write-wake-image.ts';
import type { ImageWritten } from '../../../engine/domain/agent-protocol.ts';
import { readHead } from '../../../engine/domain/image-head.ts';
import { backupOf, type ImageWorld, openImageWorld, PASSWORD } from './image-world.ts';
import { openStorage } from './storage.ts';

const never = new AbortController().signal;

function write(world: ImageWorld, at: ObjectsAt, timeIsUp: AbortSignal = never, threads = 2) {
  const lines = world.lines();
  const pictured = { place: world.place, backup: backupOf(lines), lines, threads };
  return writeWakeImage({ ...pictured, repository: { password: PASSWORD, ...at } }, timeIsUp, never);
}

test('what is the same is sent once, by whichever thread, and not again for the next image', async () => {
  using world = openImageWorld();
  writeFileSync(join(world.work, 'zeros'), Buffer.alloc(40_000_000));
  writeFileSync(join(world.work, 'zeros and more'), Buffer.concat([Buffer.alloc(32 * 1024 * 1024), randomBytes(5)]));
  const written = new Set<string>();
  // R2 takes one write of a name in a second, and answers the others with that.
  using storage = await openStorage((name) => {
    if (written.has(name)) return 429;
    written.add(name);
    return 200;
  });
  expect(await write(world, storage.at)).toMatchObject({ image: { whole: true, files: 2 }, why: null });
  expect(storage.sent.length).toBe(new Set(storage.sent).size);
  writeFileSync(join(world.work, 'zeros again'), Buffer.alloc(40_000_001));
  expect(await write(world, storage.at)).toMatchObject({ image: { whole: true, files: 3 }, why: null });
  expect(storage.sent.length).toBe(new Set(storage.sent).size);
  expect(await write(world, world.setup.at), 'into a folder').toMatchObject({ image: { whole: true }, why: null });
});

test('a segment that is refused costs the files in it, and the image says why', async () => {
  using world = openImageWorld();
  for (let file = 0; file < 8; file++) writeFileSync(join(world.work, `m${file}`), randomBytes(5_000_000));
  let count = 0;
  using storage = await openStorage(() => (++count === 3 ? 403 : 200));
  const { image, why } = await write(world, storage.at);
  expect(image).toMatchObject({ whole: false, files: 7 });
  expect(why).toContain('403');
  expect(await write(world, storage.at)).toMatchObject({ image: { whole: true, files: 8 }, why: null });
  expect(storage.sent).toHaveLength(9);
});

test('storage that refuses everything is not asked for each of many', async () => {
  using world = openImageWorld();
  for (let file = 0; file < 20; file++) writeFileSync(join(world.work, `m${file}`), randomBytes(5_000_000));
  using storage = await openStorage(() => 403);
  expect(await write(world, storage.at)).toMatchObject({ image: { whole: false, files: 0 } });
  expect(storage.sent.length).toBeLessThan(12);
});

test('however many threads, few segments are under way while none has arrived', async () => {
  using world = openImageWorld();
  for (let file = 0; file < 24; file++) writeFileSync(join(world.work, `m${file}`), randomBytes(5_000_000));
  const hangs = Promise.withResolvers<number>();
  using storage = await openStorage(() => hangs.promise);
  expect(await write(world, storage.at, AbortSignal.timeout(4_000), 8)).toMatchObject({ image: { whole: false } });
  expect(storage.sent.length).toBeGreaterThan(0);
  expect(storage.sent.length).toBeLessThanOrEqual(4);
  hangs.resolve(503);
});

test('a large file gets into the image piece by piece, however often its writer is stopped', async () => {
  using world = openImageWorld();
  writeFileSync(join(world.work, 'small'), 'small');
  writeFileSync(join(world.work, 'model.bin'), randomBytes(80_000_000));
  const hangs = Promise.withResolvers<number>();
  let timeIsUp = new AbortController();
  let count = 0;
  const arrived: string[] = [];
  using storage = await openStorage((name) => {
    if (++count > 4) {
      const round = timeIsUp;
      setTimeout(() => round.abort(), 2_000); // until then the answers to the others are heard, on a busy computer too
      return hangs.promise;
    }
    arrived.push(name);
    return 200;
  });
  const images: (ImageWritten['image'] | undefined)[] = [];
  while (!images.at(-1)?.whole && images.length < 6) {
    [timeIsUp, count] = [new AbortController(), 0];
    images.push((await write(world, storage.at, timeIsUp.signal)).image);
  }
  expect(images.map((image) => image?.files)).toEqual([1, 1, 2]);
  expect(
    images.every((image) => image!.bytesSent > 0),
    'each gets further',
  ).toBe(true);
  expect(arrived.length).toBe(new Set(arrived).size);
  hangs.resolve(503);

  rmSync(join(world.work, 'model.bin'));
  await write(world, storage.at);
  expect(readHead(storage.objects.get('manifest')!)?.segments, 'nothing is kept for a file that went').toHaveLength(1);
});

test.each([
  ['knows no conditions', () => 501],
  ['says that somebody else writes', once(409)],
  ['says that it went', once(404)],
])('the list of an image gets into storage that %s', async (_, condition) => {
  using world = openImageWorld();
  writeFileSync(join(world.work, 'a'), 'work');
  using storage = await openStorage(undefined, condition);
  for (const files of [1, 2]) {
    writeFileSync(join(world.work, `file ${files}`), 'more');
    expect(await write(world, storage.at)).toMatchObject({ image: { whole: true }, why: null });
  }
  expect(unpackImage(storage.objects.get('manifest')!, imageKeys(PASSWORD)).entries).toHaveLength(4);
});

/** Then as always. */
function once(status: number): () => number {
  let times = 0;
  return () => (++times === 1 ? status : 200);
}
