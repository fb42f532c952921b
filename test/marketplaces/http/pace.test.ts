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

test('who leaves the line takes its turn with it', async () => {
  const clock = new FakeClock(0);
  const { turn } = pace(4_500, clock);
  await turn(never);
  const stop = new AbortController();
  const left: number[] = [];
  for (const signal of [stop.signal, never, stop.signal, stop.signal, never])
    turn(signal).then(
      () => left.push(clock.now()),
      () => undefined,
    );
  await clock.advance(1_000);
  stop.abort(new Error('not any more'));
  await clock.advance(60_000);
  expect(left).toEqual([4_500, 9_000]);
});

test('that it was too often holds those back who wait already, in the order in which they came', async () => {
  const clock = new FakeClock(0);
  const { turn, rest } = pace(1_000, clock);
  const left: string[] = [];
  for (const who of ['a', 'b', 'c']) void turn(never).then(() => left.push(`${who} ${clock.now()}`));
  await clock.advance(500);
  rest(12_000);
  await clock.advance(60_000);
  expect(left).toEqual(['a 0', 'b 12500', 'c 13500']);
});

test('so many may leave at once, and the next when the first of them is so long ago', async () => {
  const clock = new FakeClock(0);
  const { turn } = pace(60_000, clock, 2);
  const stop = new AbortController();
  const left: number[] = [];
  for (const signal of [never, never, stop.signal, never, never, never])
    turn(signal).then(
      () => left.push(clock.now()),
      () => undefined,
    );
  await clock.advance(10_000);
  stop.abort(new Error('not any more'));
  await clock.advance(200_000);
  expect(left).toEqual([0, 0, 60_000, 60_000, 120_000]);
});

test('who browses leaves when nobody is in line and enough is left, and holds nobody up', async () => {
  const clock = new FakeClock(0);
  const { turn } = pace(60_000, clock, 4, 2);
  const left: string[] = [];
  const go = (name: string, browsing: boolean) =>
    void turn(never, browsing).then(() => left.push(`${name} ${clock.now()}`));
  for (const name of ['b1', 'b2', 'b3']) {
    go(name, true);
    await clock.advance(1_000);
  }
  for (const name of ['r1', 'r2', 'r3']) go(name, false);
  await clock.advance(300_000);
  expect(left.slice(0, 5)).toEqual(['b1 0', 'b2 1000', 'r1 3000', 'r2 3000', 'r3 60000']);
  expect(Number(left[5]?.split(' ')[1])).toBeGreaterThan(60_000);
});
