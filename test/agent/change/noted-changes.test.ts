import { expect, test } from 'vitest';
import { noteChanges } from '../../../engine/agent/change/noted-changes.ts';

test('what is seen after a backup began counts for the next one', () => {
  const changes = noteChanges();
  changes.note('a', 10);
  changes.setAside();
  expect([changes.changedAt(), changes.count()]).toEqual([10, 1]); // not in storage yet
  changes.note('b', 20);
  changes.drop();
  expect([changes.changedAt(), changes.count()]).toEqual([20, 1]);
});

test('a failed backup puts back what it had set aside', () => {
  const changes = noteChanges();
  changes.note('a', 10);
  changes.setAside();
  changes.note('a', 20);
  changes.note('b', 30);
  changes.putBack();
  expect([changes.changedAt(), changes.count()]).toEqual([10, 2]);
  changes.setAside();
  changes.drop();
  expect([changes.changedAt(), changes.count()]).toEqual([null, 0]);
});

test('a walk that finds nothing takes back the hints from before it, and only those', () => {
  const changes = noteChanges();
  changes.note('came and went', 10);
  const mark = changes.mark();
  changes.note('during the walk', 20);
  changes.settle(mark, 0, 30);
  expect(changes.count()).toBe(1);
  changes.settle(changes.mark(), 0, 40);
  expect([changes.changedAt(), changes.count()]).toEqual([null, 0]);
});

test('a walk during which a backup ended says nothing', () => {
  const changes = noteChanges();
  changes.setAside();
  const mark = changes.mark();
  changes.drop();
  changes.settle(mark, 7, 30);
  expect([changes.changedAt(), changes.count()]).toEqual([null, 0]);
});

test('a storm of changes is counted without being kept', () => {
  const changes = noteChanges();
  for (let n = 0; n < 12_000; n++) changes.note(`file ${n}`, n);
  expect([changes.changedAt(), changes.count()]).toEqual([0, 12_000]);
});
