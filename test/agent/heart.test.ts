import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openHeart } from '../../engine/agent/life/heart.ts';
import type { AgentStatus } from '../../engine/domain/heartbeat.ts';
import { answer } from './living.ts';

const status = {} as AgentStatus;
beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

test('from when a machine ends, nothing more is heard of it, the word under way included', async () => {
  const stop = new AbortController();
  let answered = true;
  let beats = 0;
  let unsaid = 0;
  const heart = openHeart({
    voice: () => async (_status, signal) => {
      beats += 1;
      if (answered) return answer();
      return await new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          unsaid += 1;
          reject(signal.reason);
        });
      });
    },
    everyMs: () => 1_000,
    status: () => status,
    hear: () => undefined,
    log: () => undefined,
  });
  const beating = heart.beat(stop.signal).catch(() => undefined);
  await vi.advanceTimersByTimeAsync(2_500);
  expect(beats).toBe(3);

  answered = false;
  await vi.advanceTimersByTimeAsync(1_000);
  heart.hush(true);
  heart.nudge();
  await vi.advanceTimersByTimeAsync(60_000);
  expect([beats, unsaid], 'the beat that was under way was the last').toEqual([4, 1]);

  answered = true;
  heart.hush(false);
  await vi.advanceTimersByTimeAsync(2_500);
  expect(beats, 'it did not end after all').toBeGreaterThan(5);
  stop.abort(new Error('over'));
  await vi.advanceTimersByTimeAsync(1_000);
  await beating;
});
