import { hash } from 'node:crypto';
import { closeSync, constants, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { decode } from '../../../engine/agent/image/coding.ts';
import { imageKeys } from '../../../engine/agent/image/keys.ts';
import { letGo } from '../../../engine/agent/image/let-go.ts';
import { type ImageFile, unpackImage } from '../../../engine/agent/image/manifest.ts';
import { type ImageAt, MANIFEST, openObjects, ownRoom, segmentName } from '../../../engine/agent/image/objects.ts';
import { isInOnePiece } from '../../../engine/agent/image/plan.ts';
import { checkOf, unseal } from '../../../engine/agent/image/seal.ts';
import { describe, openNew } from '../../../engine/agent/image/segment-reader.ts';
import { rawPath } from '../../../engine/domain/wire-path.ts';

/** A thread of its own, in which an image is read step by step, since the processor's time is counted by thread. */
export interface SpendJob extends ImageAt {
  /** Where the files go. */
  readonly folder: string;
}

export type Spent = Readonly<Record<string, number>>;

/** So many files are open at once. */
const OPEN_MAX = 256;

const { password, at, folder } = workerData as SpendJob;
const spent: Record<string, number> = {};

async function step<T>(name: string, act: () => T | Promise<T>): Promise<T> {
  const before = process.threadCpuUsage();
  const done = await act();
  const { user, system } = process.threadCpuUsage(before);
  spent[name] = (spent[name] ?? 0) + (user + system) / 1e6;
  return done;
}

const keys = imageKeys(password);
const objects = openObjects(at);
const { signal } = new AbortController();
const stored = await step('fetch', () => objects.get(MANIFEST, ownRoom, signal));
const image = await step('list', () => unpackImage(stored!.bytes, keys));

const pathOf = ({ path }: { readonly path: string }): string => join(folder, rawPath(path));
const files = image.entries.filter((entry) => entry.type === 'file');
const bySegment = new Map<number, { file: ImageFile; extent: ImageFile['extents'][number]; first: boolean }[]>();
for (const file of files)
  for (const [index, extent] of file.extents.entries()) {
    const there = bySegment.get(extent[0]) ?? [];
    there.push({ file, extent, first: index === 0 });
    bySegment.set(extent[0], there);
  }

await step('metadata', () => {
  for (const entry of image.entries)
    mkdirSync(Buffer.from(entry.type === 'dir' ? pathOf(entry) : dirname(pathOf(entry)), 'latin1'), {
      recursive: true,
    });
});
let room = Buffer.allocUnsafeSlow(0);
for (const [index, [name]] of image.segments.entries()) {
  const within = (bytes: number): Buffer => {
    if (bytes > room.length) room = Buffer.allocUnsafeSlow(bytes);
    return room.subarray(0, bytes);
  };
  const sealed = await step('fetch', () => objects.get(segmentName(name), within, signal));
  const coded = await step('decrypt', () => unseal(keys, `segment ${name}`, sealed!.bytes));
  const raw = await step('decode', () => decode(coded));
  const here = bySegment.get(index) ?? [];
  for (let from = 0; from < here.length; from += OPEN_MAX) {
    const some = here.slice(from, from + OPEN_MAX);
    const handles = await step('metadata', () =>
      some.map(({ file, first }) =>
        first
          ? openNew(pathOf(file), file.mode)
          : openSync(
              Buffer.from(pathOf(file), 'latin1'),
              constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW,
            ),
      ),
    );
    await step('write', () => {
      for (const [nth, { extent }] of some.entries()) writeSync(handles[nth]!, raw, extent[1], extent[2], extent[3]);
    });
    await step('metadata', () => {
      for (const [nth, { file }] of some.entries()) {
        describe(handles[nth]!, file);
        closeSync(handles[nth]!);
      }
    });
  }
  await step('compare', () => {
    checkOf(keys, raw);
    for (const { file, extent } of here)
      if (isInOnePiece(file.size, file.extents)) hash('sha256', raw.subarray(extent[1], extent[1] + extent[2]));
  });
  letGo(coded);
}
objects.close();
parentPort!.postMessage(spent satisfies Spent);
