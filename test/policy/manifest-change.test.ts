import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ManifestLine } from '../../engine/domain/agent-protocol.ts';
import { contentHash } from '../../engine/policy/content-hash.ts';
import { type Base, headOf, manifestText, readManifest, wholeLines } from '../../engine/policy/manifest-change.ts';

const path = fc
  .array(fc.constantFrom('a', 'b', 'c', 'é', '日', '\udcff', ' ', '"', '\n'), { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join('/'));
const line = fc.record(
  {
    path,
    type: fc.constantFrom('file', 'dir', 'link', 'other'),
    mode: fc.integer({ min: 0, max: 0o7777 }),
    mtimeMs: fc.integer({ min: 0, max: 2e12 }),
    sizeBytes: fc.nat(),
    sha256: fc.constantFrom('a'.repeat(64), 'b'.repeat(64)),
    target: fc.string(),
  },
  { requiredKeys: ['path', 'type', 'mode', 'mtimeMs', 'sizeBytes'] },
) as fc.Arbitrary<ManifestLine>;
const tree = fc.uniqueArray(line, { selector: (one) => one.path, maxLength: 60 });

const baseFrom = (lines: readonly ManifestLine[]): Base => ({
  id: '1'.repeat(64),
  contentHash: contentHash(lines),
  lines,
});
const wholeOf = (lines: readonly ManifestLine[]): Buffer => Buffer.from(manifestText(lines, null).text);
const sorted = (lines: readonly ManifestLine[]): readonly ManifestLine[] =>
  lines.toSorted((a, b) => (a.path < b.path ? -1 : 1));

/** Stays as it is, so that the rest is a small change. */
const big = Array.from(
  { length: 200 },
  (_, n): ManifestLine => ({
    path: `workspace/file ${n}`,
    type: 'file',
    mode: 0o644,
    mtimeMs: n,
    sizeBytes: n,
    sha256: 'c'.repeat(64),
  }),
);
/** The next state of a tree: some of it stays, some changes, some goes, some comes. */
const step = tree.chain((before) =>
  fc
    .tuple(fc.array(fc.constantFrom('keep', 'keep', 'keep', 'keep', 'keep', 'change', 'go')), tree)
    .map(([fates, others]) => {
      const after = new Map<string, ManifestLine>();
      before.forEach((one, index) => {
        const fate = fates[index] ?? 'keep';
        if (fate !== 'go') after.set(one.path, fate === 'keep' ? one : { ...one, mode: one.mode ^ 1 });
      });
      for (const one of others.slice(0, 3)) after.set(one.path, one);
      return { before: [...big, ...before], after: [...big, ...after.values()] };
    }),
);

test('a base and what differs from it are the next state', () => {
  let changes = 0;
  fc.assert(
    fc.property(step, ({ before, after }) => {
      const { text, base } = manifestText(after, baseFrom(before));
      if (base !== null) changes += 1;
      const merged = readManifest(Buffer.from(text), base === null ? null : wholeOf(before), contentHash(after));
      expect(sorted(merged)).toEqual(sorted(after));
    }),
    { numRuns: 500 },
  );
  expect(changes).toBeGreaterThan(50);
});

const some = (count: number): readonly ManifestLine[] =>
  big.map((one, n) => (n < count ? { ...one, sizeBytes: -1 } : one));

test('a small change names its base in the first line, and nothing that stayed as it was', () => {
  const { text, base } = manifestText(some(1).slice(0, -1), baseFrom(big));
  expect(base).toBe('1'.repeat(64));
  expect(text.split('\n').map((one) => one && JSON.parse(one))).toEqual([
    { base: '1'.repeat(64), baseContentHash: contentHash(big) },
    { ...big[0], sizeBytes: -1 },
    { path: 'workspace/file 199', gone: true },
    '',
  ]);
});

test('a change of more than a quarter is written whole', () => {
  expect(manifestText(some(40), baseFrom(big)).base).not.toBeNull();
  expect(manifestText(some(60), baseFrom(big)).base).toBeNull();
});

test('where two things go by one name everything is written', () => {
  expect(manifestText([...big, big[0]!], baseFrom(big)).base).toBeNull();
});

test.each([
  ['is not there', null],
  ['is not the one it means', wholeOf(some(1))],
  ['is a change itself', Buffer.from(manifestText(some(1), baseFrom(big)).text)],
])('a change whose base %s is refused', (why, baseText) => {
  const text = Buffer.from(manifestText(some(2), baseFrom(big)).text);
  expect(() => readManifest(text, baseText, contentHash(some(2)))).toThrow(why);
});

test('a manifest of another snapshot is refused, whole or not', () => {
  const change = Buffer.from(manifestText(some(2), baseFrom(big)).text);
  expect(() => readManifest(change, wholeOf(big), contentHash(big))).toThrow('not that of the snapshot');
  expect(() => readManifest(wholeOf(big), null, contentHash(some(1)))).toThrow('not that of the snapshot');
});

test('a whole manifest has no base, and neither has an empty one', () => {
  expect([headOf(wholeOf(big)), headOf(Buffer.alloc(0))]).toEqual([null, null]);
});

test('a line is read as its schema has it, or refused', () => {
  const strange = fc.constantFrom(null, true, -1, 0.5, 1e300, '', 'a', 'A'.repeat(64), [], {});
  const change = fc.record({ field: fc.constantFrom(...Object.keys(ManifestLine.shape), 'more'), value: strange });
  fc.assert(
    fc.property(line, fc.array(change, { maxLength: 2 }), (good, changes) => {
      const said = { ...good, ...Object.fromEntries(changes.map(({ field, value }) => [field, value])) };
      const text = Buffer.from(`${JSON.stringify(said)}\n`);
      const expected = ManifestLine.safeParse(JSON.parse(JSON.stringify(said)));
      if (expected.success) expect(wholeLines(text)).toEqual([expected.data]);
      else expect(() => wholeLines(text)).toThrow();
    }),
    { numRuns: 2_000 },
  );
});
