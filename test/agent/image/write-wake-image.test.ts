import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { openObjects } from '../../../engine/agent/image/objects.ts';
import { writeWakeImage } from '../../../engine/agent/image/write-wake-image.ts';
import type { ImageWritten } from '../../../engine/domain/agent-protocol.ts';
import type { RepositoryAccess } from '../../../engine/domain/agent-shapes.ts';
import { readHead } from '../../../engine/domain/image-head.ts';
import { imagePrefix } from '../../../engine/domain/layout.ts';
import { s3Storage } from '../../../engine/storage/s3.ts';
import { type R2, standInForR2 } from '../../standins/r2/r2.ts';
import { ROOT } from '../../storage/storage-world.ts';
import { backupOf, type ImageWorld, openImageWorld, PASSWORD } from './image-world.ts';

vi.setConfig({ testTimeout: 60_000 });
const never = new AbortController().signal;

test('an image stays while storage does not say what is in it', async () => {
  await using r2 = await standInForR2();
  using world = openImageWorld();
  files(world, 3);
  expect(await write(world, repositoryOn(r2))).toMatchObject({ image: { whole: true, files: 3 } });
  const before = await imageOn(r2).get('manifest');

  r2.weather.fault = ({ action, key }) =>
    action === 'GetObject' && key.endsWith('/manifest') ? { do: 'answer', status: 503, code: 'SlowDown' } : undefined;
  const { image, why } = await write(world, repositoryOn(r2));
  r2.weather.fault = () => undefined;
  expect(before.equals(await imageOn(r2).get('manifest')), 'the manifest is the one of before').toBe(true);
  expect([image, why]).toEqual([null, expect.stringContaining('manifest: HTTP 503')]);
});

test.each(['damaged', 'of another version'])('an image that is %s is written anew', async (what) => {
  await using r2 = await standInForR2();
  using world = openImageWorld();
  files(world, 1);
  await write(world, repositoryOn(r2));
  const bytes = await imageOn(r2).get('manifest');
  if (what === 'damaged') bytes[bytes.length - 1]! ^= 1;
  else bytes.write('9', bytes.indexOf('"version":2') + '"version":'.length);
  await imageOn(r2).put('manifest', bytes);
  expect(await write(world, repositoryOn(r2))).toMatchObject({ image: { whole: true, files: 1 }, why: null });
  expect(readHead(await imageOn(r2).get('manifest'))).toMatchObject({ version: 2, whole: true });
});

test.each(['storage', 'a folder'] as const)('what an image lost in %s is in the next one', async (where) => {
  await using r2 = await standInForR2();
  using world = openImageWorld();
  const [repository, image] = placesOf(world, r2)[where];
  files(world, 4);
  const first = await write(world, repository);
  const [[gone, , ...size] = [''], [cut] = ['']] = readHead(await image.get('manifest'))!.segments;
  await image.remove(`segments/${gone}`);
  await image.put(`segments/${cut}`, Buffer.from('a part of it'));
  const second = await write(world, repository);
  const third = await write(world, repository);
  expect([second.image, third.image]).toMatchObject([{ whole: true, files: 4 }, { bytesSent: 0 }]);
  expect(second.image!.bytesSent).toBeLessThan(first.image!.bytesSent * 0.6);
  expect(await image.get(`segments/${gone}`), 'what was lost').toHaveLength(Number(size));
  expect((await image.get(`segments/${cut}`)).length, 'what was cut').toBeGreaterThan(5_000_000);
});

const SUPERSEDED = { image: null, why: 'that of a later backup is there' };

test.each([
  ['claim', 'storage', [1, 9]],
  ['backup', 'storage', [2, 3]],
  ['backup', 'a folder', [2, 3]],
] as const)('an image of an earlier %s takes no later one’s place in %s', async (_, where, earlier) => {
  await using r2 = await standInForR2();
  using world = openImageWorld();
  const [repository, image] = placesOf(world, r2)[where];
  files(world, 1);
  await write(world, repository, never, earlier);
  expect(await write(world, repository, never, [2, 4])).toMatchObject({ image: { whole: true } });
  const later = await image.get('manifest');
  files(world, 2);
  expect(await write(world, repository, never, earlier)).toMatchObject(SUPERSEDED);
  expect(later.equals(await image.get('manifest')), 'the later one is there').toBe(true);
  expect(await write(world, repository, never, [2, 4])).toMatchObject({ image: { whole: true, files: 2 } });
});

test.each([
  ['an earlier one', [1, 9], { image: { files: 2 }, why: null }, { epoch: 2, sequence: 4 }],
  ['a later one', [3, 1], SUPERSEDED, { epoch: 3, sequence: 1 }],
] as const)('an image meets %s that was written meanwhile', async (_, other, said, there) => {
  await using r2 = await standInForR2();
  using world = openImageWorld();
  using theirs = openImageWorld();
  files(world, 2);
  files(theirs, 1);
  await write(theirs, repositoryOn(r2), never, [1, 1]);
  const [reached, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  r2.weather.wait = async ({ action, key }) => {
    if (action !== 'PutObject' || !key.endsWith('/manifest')) return;
    reached.resolve();
    await held.promise;
  };
  const ours = write(world, repositoryOn(r2), never, [2, 4]);
  await reached.promise;
  r2.weather.wait = () => Promise.resolve();
  expect(await write(theirs, repositoryOn(r2), never, other)).toMatchObject({ image: { files: 1 } });
  held.resolve();
  expect(await ours).toMatchObject(said);
  expect(readHead(await imageOn(r2).get('manifest'))).toMatchObject(there);
});

test('an image whose list arrived without an answer is written', async () => {
  await using r2 = await standInForR2();
  using world = openImageWorld();
  files(world, 1);
  let lost = 0;
  r2.weather.fault = ({ action, key }) =>
    action === 'PutObject' && key.endsWith('/manifest') && ++lost === 1 ? { do: 'lose-answer' } : undefined;
  expect(await write(world, repositoryOn(r2))).toMatchObject({ image: { whole: true }, why: null });
  expect(lost).toBeGreaterThan(1);
});

test('a list of more segments than storage names at once is a list of all', async () => {
  await using r2 = await standInForR2();
  const image = imageOn(r2);
  const names = Array.from({ length: 1_003 }, () => randomBytes(32).toString('hex'));
  for (const name of names) await image.put(`segments/${name}`, Buffer.from(name.slice(0, 8)));
  const objects = openObjects(repositoryOn(r2));
  expect(await objects.segments(never)).toEqual(new Map(names.map((name) => [name, 8])));
  objects.close();
});

test.each([
  ['does not say what is there', 'GetObject', 500, 0],
  ['does not say which segments it has', 'ListObjectsV2', 500, 0],
  ['does not take the list', 'PutObject', 500, 10_000],
])('an image ends with its time when storage %s', async (_, action, timeMs, listMs) => {
  await using r2 = await standInForR2();
  using world = openImageWorld();
  await write(world, repositoryOn(r2));
  const held = Promise.withResolvers<void>();
  r2.weather.wait = (asked) => (asked.action === action ? held.promise : Promise.resolve());
  const began = performance.now();
  const said = await write(world, repositoryOn(r2), AbortSignal.timeout(timeMs));
  held.resolve();
  expect(performance.now() - began).toBeLessThan(timeMs + listMs + 1_500);
  expect(said).toMatchObject({ image: null, why: expect.stringContaining('time was up') });
});

/** Each in a segment of its own. */
function files({ work }: ImageWorld, count: number): void {
  for (let file = 0; file < count; file++) writeFileSync(join(work, `f${file}`), randomBytes(5_000_000 + file));
}

const placesOf = (world: ImageWorld, r2: R2) =>
  ({
    storage: [repositoryOn(r2), imageOn(r2)],
    'a folder': [{ ...world.setup.at, password: PASSWORD }, imageIn(world)],
  }) as const;

/** As the control host reaches it. */
const imageOn = ({ world }: R2) => {
  const storage = s3Storage({ ...world.place(), parent: { ...ROOT, account: 'local' }, now: Date.now });
  const prefix = imagePrefix('lab');
  return {
    get: async (name: string) => Buffer.from((await storage.get(`${prefix}${name}`, never))!),
    put: (name: string, bytes: Uint8Array) => storage.put(`${prefix}${name}`, bytes, never),
    remove: (name: string) => storage.remove(`${prefix}${name}`, never),
  };
};

const imageIn = ({ storage }: ImageWorld): ReturnType<typeof imageOn> => ({
  get: (name) => readFile(join(storage, 'image', name)),
  put: (name, bytes) => writeFile(join(storage, 'image', name), bytes),
  remove: (name) => rm(join(storage, 'image', name)),
});

const repositoryOn = ({ world }: R2): RepositoryAccess => ({
  url: `s3:${world.storage.endpoint}/hot/lab/repo`,
  password: PASSWORD,
  region: 'auto',
  credentials: { ...ROOT, sessionToken: '', expiresAt: 0 },
  connections: 4,
});

async function write(
  { place, lines }: ImageWorld,
  repository: RepositoryAccess,
  timeIsUp = never,
  of: readonly [epoch?: number, sequence?: number] = [],
): Promise<ImageWritten> {
  const all = lines();
  const backup = backupOf(all, ...of);
  return await writeWakeImage({ repository, place, backup, lines: all, threads: 1 }, timeIsUp, never);
}
