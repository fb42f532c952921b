import { expect, test } from 'vitest';
import { intend, type Machine, mayDestroy, move, NEXT, STATES, type State } from '../../engine/domain/lifecycle.ts';
import { standardOffers } from '../fakes/marketplace.ts';

const origin = {
  id: 'm1',
  workspace: 'lab',
  race: 'r1',
  label: 'dumont-test-m1-lab',
  marketplace: 'fake',
  offer: standardOffers(1)[0]!,
};

test('there is no arrow from running to releasing', () => {
  expect(NEXT.running).not.toContain('releasing');
});

test('work leaves a machine only through saving, or when others took it away', () => {
  const into = STATES.filter((state) => NEXT[state].includes('releasing'));
  const neverWorked: State[] = ['renting', 'booting', 'installing', 'standing-by', 'restoring'];
  expect(into).toEqual([...neverWorked, 'saving', 'paused', 'lost']);
});

test('every state leads to gone, and gone to nothing', () => {
  const reaches = (state: State, seen = new Set<State>()): boolean =>
    state === 'gone' || NEXT[state].some((next) => !seen.has(next) && reaches(next, new Set([...seen, state])));
  expect(STATES.filter((state) => !reaches(state))).toEqual([]);
  expect(NEXT.gone).toEqual([]);
});

test('a move that the table does not have is a bug, and loud', () => {
  const machine = intend(origin, 'round 1', 0);
  expect(() => move(machine, 'running', 'a shortcut', 1)).toThrow('m1: renting cannot become running');
});

test('a state remembers when it was first entered', () => {
  const booting = move(intend(origin, 'round 1', 5), 'booting', 'rented', 9);
  expect(booting.entered).toEqual({ renting: 5, booting: 9 });
});

const worked: Partial<Machine> = { entered: { running: 1 } };
test.each<[string, Partial<Machine>, boolean]>([
  ['nobody ever worked on it', {}, true],
  ['somebody worked on it', worked, false],
  ['it was adopted and may hold work', { entered: { stranded: 1 } }, false],
  ['its last save is proved', { ...worked, sealed: { snapshot: 'a'.repeat(64), at: 2 } }, true],
  ['its last save found that it holds no work', { ...worked, sealed: { snapshot: null, at: 2 } }, true],
  ['a named person gave it up', { ...worked, abandoned: { by: 'ana', why: 'broken disk', at: 2 } }, true],
])('may it be destroyed when %s?', (_, facts, allowed) => {
  expect(mayDestroy({ ...intend(origin, 'round 1', 0), ...facts }) !== null).toBe(allowed);
});
