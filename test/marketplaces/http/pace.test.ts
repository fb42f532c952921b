import { expect, test } from 'vitest';
import { pace } from '../../../engine/marketplaces/http/pace.ts';
import { FakeClock } from '../../fakes/clock.ts';

const never = new AbortController().signal;

test('calls leave one after another, with the interval between any two', async () => {
  const clock = new FakeClock(0);
  const { turn } = pace(4_500, clock);
  const left: number[] = [];
  for (let i = 0; i < 3; i++) void turn(never).then(() => left.push(clock.now()));
  await clock.advance(60_000);
  expect(left).toEqual([0, 4_500, 9_000]);
});

test('after a word that it was too often nothing leaves for so long', async () => {
  const clock = new FakeClock(0);
  const { turn, rest } = pace(0, clock);
  rest(12_000);
  const left: number[] = [];
  void turn(never).then(() => left.push(clock.now()));
  await clock.advance(60_000);
  expect(left).toEqual([12_000]);
});

test('who is aborted while waiting hears it at once', async () => {
  const clock = new FakeClock(0);
  const { turn } = pace(5_000, clock);
  await turn(never);
  const stop = new AbortController();
  const second = turn(stop.signal);
  stop.abort(new Error('not any more'));
  await expect(second).rejects.toThrow('not any more');
});
