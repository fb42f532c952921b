import { expect, test } from 'vitest';
import { sweepImage } from '../../engine/backups/sweep-image.ts';
import { MAGIC } from '../../engine/domain/image-head.ts';
import type { Ports } from '../../engine/domain/ports.ts';
import { aWorkspace } from '../contracts/store-rows.ts';

const { signal } = new AbortController();
const HOUR = 3_600_000;
const NOW = 100 * HOUR;
const [USED, ORPHAN, YOUNG] = ['a', 'b', 'c'].map((letter) => letter.repeat(64)) as [string, string, string];
const MANIFEST = 'lab/repo/image/manifest';
const segment = (name: string): string => `lab/repo/image/segments/${name}`;

test('an image that is not wanted for a while is never a list of what is not there', async () => {
  const there = imageOfNow();
  await there.sweep(false);
  expect(there.keys()).toEqual([segment(YOUNG)]);
});

test('the list goes before what it lists', async () => {
  const there = imageOfNow();
  await there.sweep(false);
  expect(there.removed[0]).toBe(MANIFEST);
});

test('what was written since it was listed stays', async () => {
  const there = imageOfNow();
  await there.sweep(true, () => there.write(segment(ORPHAN)));
  expect(there.keys()).toContain(segment(ORPHAN));
});

test('what a manifest uses since it was listed stays', async () => {
  const there = imageOfNow();
  await there.sweep(true, () => there.write(MANIFEST, [USED, ORPHAN]));
  expect(there.keys()).toContain(segment(ORPHAN));
});

test('what comes into use while many are removed stays', async () => {
  const there = imageOfNow();
  const many = Array.from({ length: 300 }, (_, index) => segment(String(index).padStart(64, '0')));
  for (const key of many) there.write(key, [], NOW - 48 * HOUR);
  there.onRemove = () => {
    if (there.removed.length === 1) there.write(MANIFEST, [USED, many.at(-1)!.slice(-64)]);
  };
  await there.sweep(true);
  expect(there.keys()).toEqual([MANIFEST, segment(USED), segment(YOUNG), many.at(-1)]);
});

test('what is there for another version of Dumont stays', async () => {
  const there = imageOfNow();
  there.write(MANIFEST, [USED], NOW, 3);
  await there.sweep(true);
  expect(there.removed).toEqual([]);
});

/** A young list, one segment that it uses, and two that it does not. */
function imageOfNow() {
  const objects = new Map<string, { writtenAt: number; body: Buffer }>();
  const removed: string[] = [];
  const there = {
    removed,
    onRemove: (): void => undefined,
    keys: () => [...objects.keys()],
    write: (key: string, uses: readonly string[] = [], writtenAt = NOW, version = 2) =>
      void objects.set(key, { writtenAt, body: manifestOf(uses, version) }),
    /** `meanwhile`: between the list that it is given and its own looks. */
    async sweep(wakeImage: boolean, meanwhile = (): void => undefined): Promise<void> {
      const given = [...(await storage.list('lab/'))];
      meanwhile();
      const { spec, ...workspace } = aWorkspace({ id: 'lab' });
      const ports = { clock: { now: () => NOW }, storage, log: () => undefined } as unknown as Ports;
      await sweepImage({ ...workspace, spec: { ...spec, wakeImage } }, given, ports, signal);
    },
  };
  const storage = {
    get: async (key: string) => objects.get(key)?.body ?? null,
    list: async (prefix: string) =>
      [...objects].flatMap(([key, { writtenAt, body }]) =>
        key.startsWith(prefix) ? [{ key, writtenAt, sizeBytes: body.length, etag: '' }] : [],
      ),
    remove: async (key: string) => {
      removed.push(key);
      objects.delete(key);
      there.onRemove();
    },
  };
  there.write(MANIFEST, [USED], NOW - HOUR);
  for (const name of [USED, ORPHAN]) there.write(segment(name), [], NOW - 48 * HOUR);
  there.write(segment(YOUNG), [], NOW - HOUR);
  return there;
}

function manifestOf(uses: readonly string[], version: number): Buffer {
  const segments = uses.map((name) => [name, 9, 9]);
  const of = { epoch: 1, sequence: 1, snapshot: USED, contentHash: USED };
  const head = { version, ...of, whole: true, segments };
  const said = Buffer.from(JSON.stringify(head));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(said.length);
  return Buffer.concat([MAGIC, length, said, Buffer.from('sealed')]);
}
