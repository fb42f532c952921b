import { expect, test } from 'vitest';
import { fits, newestGood, onePerContent, type Snapshot, type SnapshotFilter } from '../../engine/domain/snapshot.ts';

const GOOD: Snapshot = {
  id: 'a',
  version: 0,
  workspace: 'lab',
  kind: 'automatic',
  type: 'FULL',
  status: 'COMPLETED',
  createdAt: 1_000,
  completedAt: 2_000,
  machine: 'm1',
  epoch: 2,
  sequence: 5,
  parent: null,
  sizeBytes: 1,
  fileCount: 1,
  contentHash: '',
  partial: false,
  provedAt: 2_000,
  comparedAt: null,
  manifestBase: null,
  pinned: null,
  setAside: null,
  leaving: null,
  vaultedAt: null,
  description: '',
  tags: [],
  extra: {},
  errorMessage: null,
};

test.each<readonly [string, Partial<Snapshot>]>([
  ['of a later claim, whatever its number', { epoch: 3, sequence: 1 }],
  ['with a higher number, whatever its time', { sequence: 6, createdAt: 1 }],
  ['that a machine alone saved after the last order whose number it has', { createdAt: 1_001 }],
])('a wake starts from the snapshot %s', (_, change) => {
  const later = { ...GOOD, id: 'b', ...change };
  expect(newestGood([GOOD, later])?.id).toBe('b');
  expect(newestGood([later, GOOD])?.id).toBe('b');
});

test.each<readonly [string, Partial<Snapshot>]>([
  ['has gaps', { partial: true }],
  ['nobody found in storage', { provedAt: null }],
  ['was made without the claim', { kind: 'pre-failover' }],
])('no wake starts from a snapshot that %s', (_, change) => {
  expect(newestGood([{ ...GOOD, id: 'b', epoch: 9, ...change }, GOOD])?.id).toBe('a');
  expect(newestGood([{ ...GOOD, ...change }])).toBeNull();
});

test('identical content is one row, the newest, which says what a person called it', () => {
  const old = { ...GOOD, id: 'named', sequence: 1, kind: 'manual', contentHash: 'x' } as const;
  const other = { ...GOOD, id: 'other', sequence: 2, contentHash: 'y' };
  const again = { ...GOOD, id: 'again', sequence: 3, contentHash: 'x' };
  const partial = { ...GOOD, id: 'partial', sequence: 4, contentHash: 'x', partial: true };
  const rows = onePerContent([old, other, again, partial]);
  expect(rows.map(({ newest, named, others }) => [newest.id, named?.id, others.map(({ id }) => id)])).toEqual([
    ['partial', undefined, []],
    ['again', 'named', ['named']],
    ['other', undefined, []],
  ]);
});

test.each<readonly [string, Partial<Snapshot>, string | undefined]>([
  [
    'a checkpoint that came by itself',
    { kind: 'manual', type: 'CHECKPOINT', description: 'before a restore' },
    'named',
  ],
  ['another that a person named', { kind: 'manual', description: 'mine' }, undefined],
])('what a person named is shown though %s is newer', (_, change, shown) => {
  const old = { ...GOOD, id: 'named', sequence: 1, kind: 'manual', contentHash: 'x', description: 'v2' } as const;
  const newer = { ...GOOD, id: 'newer', sequence: 2, contentHash: 'x', ...change };
  expect(onePerContent([old, newer])[0]?.named?.id).toBe(shown);
});

test('of those that failed each is its own row, since nobody knows what they hold', () => {
  const failed = { ...GOOD, status: 'FAILED' } as const;
  expect(onePerContent([failed, { ...failed, id: 'b' }])).toHaveLength(2);
});

test.each<readonly [SnapshotFilter, boolean]>([
  [{}, true],
  [{ kind: 'automatic', tag: 'paper', since: 1_000, until: 1_000, good: true }, true],
  [{ kind: 'manual' }, false],
  [{ tag: 'pape' }, false],
  [{ since: 1_001 }, false],
  [{ until: 999 }, false],
])('%j fits: %s', (filter, is) => {
  expect(fits(filter)({ ...GOOD, tags: ['paper'] })).toBe(is);
});

test('only what a wake may start from is good', () => {
  for (const change of [{ partial: true }, { provedAt: null }, { kind: 'pre-failover' as const }])
    expect(fits({ good: true })({ ...GOOD, ...change }), JSON.stringify(change)).toBe(false);
});
