import { Failure } from '../../engine/domain/failures.ts';
import type { Clock, Log } from '../../engine/domain/ports.ts';

interface Seen {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
}

const WINDOW_MS = 10 * 60_000;
/** Discord bans an address at 10,000 in ten minutes. */
const INVALID_MAX = 1_000;

/** Counts what Discord counts against our address, and stops us long before Discord does. */
export function createBrake(clock: Clock, log: Log) {
  const times: number[] = [];
  let told = false;

  function count(): number {
    const since = clock.now() - WINDOW_MS;
    while (times.length > 0 && (times[0] as number) < since) times.shift();
    return times.length;
  }

  return {
    count,
    saw({ status, headers }: Seen): void {
      const shared = headers.get('x-ratelimit-scope') === 'shared';
      if (status === 401 || status === 403 || (status === 429 && !shared)) times.push(clock.now());
    },
    check(): void {
      const stopped = count() >= INVALID_MAX;
      if (stopped && !told) log('discord.braked', { invalidRequests: times.length }, 'ERROR');
      told = stopped;
      if (stopped)
        throw new Failure('discord_refused', { why: `${times.length} requests in ten minutes were refused` });
    },
  };
}
