import { expect, test } from 'vitest';
import { newestGood, type Snapshot } from '../../engine/domain/snapshot.ts';

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
