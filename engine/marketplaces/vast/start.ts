import { Failure } from '../../domain/failures.ts';
import type { Listed } from '../../domain/marketplace.ts';
import type { Clock } from '../../domain/ports.ts';
import { VAST } from './answer.ts';

interface Ways {
  readonly change: (instance: string, state: 'running' | 'stopped', signal: AbortSignal) => Promise<void>;
  readonly listed: (signal: AbortSignal) => Promise<readonly Listed[]>;
  readonly clock: Clock;
}

/**
 * Starts a machine that stood still. Vast says yes to that also where its GPU is somebody else's by then: it is queued, for
 * as long as it takes, and called "scheduling". One that still is after half a minute is taken out of the queue again, so
 * that it does not run one day when nobody waits for it.
 */
export async function startAgain(instance: string, ways: Ways, signal: AbortSignal): Promise<void> {
  const { change, listed, clock } = ways;
  await change(instance, 'running', signal);
  const until = clock.now() + QUEUED_MS;
  for (;;) {
    await clock.sleep(LOOK_MS, signal);
    const one = (await listed(signal)).find((machine) => machine.instance === instance);
    if (!one || !/scheduling/i.test(one.statusMessage)) return;
    if (clock.now() >= until) break;
  }
  await change(instance, 'stopped', signal);
  const why = `it waited ${QUEUED_MS / 1_000} s for a GPU, and was stopped again`;
  throw new Failure('gpu_taken', { ...VAST, why });
}

const LOOK_MS = 3_000;
/** Its own page says that more than this means that somebody else rented the GPU. */
const QUEUED_MS = 30_000;
