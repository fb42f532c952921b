import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { compareWalk, rememberWalk } from '../../../engine/agent/change/walk-memory.ts';
import { placeAt } from '../../../engine/agent/place.ts';
import type { Entry, Walked } from '../../../engine/agent/walk.ts';

const root = mkdtempSync(join(tmpdir(), 'dumont-memory-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const place = placeAt(root, join(root, 'opt/dumont'), '/nowhere', null);

const file = (path: string, more: Partial<Entry> = {}): Entry => ({
  path,
  type: 'file',
  mode: 0o644,
  size: 10,
  mtimeMs: 1.5,
  ctimeMs: 2.25,
  inode: 7,
  ...more,
});
const walked = (...entries: readonly Entry[]): Walked => ({ entries, left: [], atRisk: [], elsewhere: [] });

test('what was added, changed and removed is counted, the most recently changed first', () => {
  rememberWalk(place, walked(file('w/a'), file('w/b'), file('w/c'), file('w/d', { type: 'dir' })));
  const now = walked(
    file('w/a', { ctimeMs: 9 }),
    file('w/b'),
    file('w/d', { type: 'dir', mtimeMs: 99, size: 4096 }),
    file('w/new', { size: 100, ctimeMs: 10 }),
  );
  expect(compareWalk(place, now)).toEqual({ added: 1, changed: 1, removed: 1, bytes: 110, newest: ['w/new', 'w/a'] });
});

test('what moved during the backup counts as changed until a backup has it', () => {
  rememberWalk(place, walked(file('w/a'), file('w/b')), new Set(['w/b']));
  expect(compareWalk(place, walked(file('w/a'), file('w/b')))).toMatchObject({ added: 1, changed: 0, removed: 0 });
});

test('any names are remembered as they are', () => {
  const path = fc
    .array(
      fc.array(fc.constantFrom('a', 'b', '\n', '\t', ' ', '\\', '"', '\xff', '\xe9', '.'), {
        minLength: 1,
        maxLength: 3,
      }),
      { minLength: 1, maxLength: 4 },
    )
    .map((parts) => parts.map((part) => part.join('')).join('/'));
  fc.assert(
    fc.property(fc.uniqueArray(path, { maxLength: 30 }), (paths) => {
      const all = walked(...paths.toSorted().map((one) => file(one)));
      rememberWalk(place, all);
      expect(compareWalk(place, all)).toEqual({ added: 0, changed: 0, removed: 0, bytes: 0, newest: [] });
    }),
  );
});

test('a memory that a crash has torn makes things changed, and never unchanged', () => {
  const all = walked(...Array.from({ length: 100 }, (_, n) => file(`w/${String(n).padStart(3, '0')}`)));
  rememberWalk(place, all);
  const memory = join(place.home, 'cache/walked');
  truncateSync(memory, Math.floor(readFileSync(memory).length / 2));
  const found = compareWalk(place, all);
  expect(found.added).toBeGreaterThan(40);
  expect(found.removed).toBe(0);
});

test('before the first backup it is compared with what was restored, whose keys are this machine’s', () => {
  rmSync(join(place.home, 'cache/walked'), { force: true });
  mkdirSync(join(place.home, 'restore'), { recursive: true });
  const known = [
    ['root', 'dir 1 755 0:0'],
    ['root/.ssh/authorized_keys', 'file 5 600 3 1.5 ctime 2.5'],
    ['root/a', 'file 7 644 10 1.5 ctime 2.25'],
    ['root/gone', 'file 8 644 10 1.5 ctime 2.25'],
  ];
  writeFileSync(join(place.home, 'restore/known'), known.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const now = walked(
    file('root', { type: 'dir', mode: 0o755 }),
    file('root/.ssh/authorized_keys', { size: 99 }),
    file('root/a'),
  );
  expect(compareWalk(place, now)).toEqual({ added: 0, changed: 0, removed: 1, bytes: 0, newest: [] });
});
