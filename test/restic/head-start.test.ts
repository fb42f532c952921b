import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { type HeadStartFile, packHeadStart, unpackHeadStart } from '../../engine/restic/head-start.ts';

const REPOSITORY = 'ab'.repeat(32);

function file(kind: HeadStartFile['kind'], text: string): HeadStartFile {
  const bytes = Buffer.from(text);
  return { kind, id: createHash('sha256').update(bytes).digest('hex'), bytes };
}

const FILES = [file('snapshots', 'a snapshot\n'), file('index', ''), file('data', 'folders\n\0')];

test('what was packed comes out again', () => {
  const { repository, files } = unpackHeadStart(packHeadStart(REPOSITORY, FILES));
  expect(repository).toBe(REPOSITORY);
  expect(files.map((one) => ({ ...one, bytes: Buffer.from(one.bytes) }))).toEqual(FILES);
});

test('what is not what its name says is left out, and so is what was cut off', () => {
  const packed = packHeadStart(REPOSITORY, FILES);
  packed[packed.length - 1] = 7;
  expect(unpackHeadStart(packed).files.map(({ kind }) => kind)).toEqual(['snapshots', 'index']);
  expect(unpackHeadStart(packed.subarray(0, -5)).files.map(({ kind }) => kind)).toEqual(['snapshots', 'index']);
});

test('no name leads out of the cache', () => {
  const head = (repository: string, ...file: unknown[]): Buffer =>
    Buffer.from(`${JSON.stringify({ repository, files: [file] })}\n`);
  expect(() => unpackHeadStart(head('..', 'data', REPOSITORY, 0))).toThrow();
  expect(() => unpackHeadStart(head(REPOSITORY, 'data', '../../x', 0))).toThrow();
  expect(() => unpackHeadStart(head(REPOSITORY, '../x', REPOSITORY, 0))).toThrow();
});
