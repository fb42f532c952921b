import type { Clock } from '../../../engine/domain/ports.ts';

interface Window {
  readonly name: string;
  readonly quota: number;
  readonly ms: number;
  from: number;
  used: number;
}

/** Requests of a key in fixed windows, as its headers tell. */
export function limits(clock: Clock) {
  const windows: readonly Window[] = [
    { name: 'minute', quota: 60, ms: 60_000, from: 0, used: 0 },
    { name: 'hour', quota: 3_000, ms: 3_600_000, from: 0, used: 0 },
    { name: 'day', quota: 50_000, ms: 86_400_000, from: 0, used: 0 },
  ];

  return {
    /** Counts one request; null where it may pass, else the seconds to wait. */
    count(): number | null {
      const now = clock.now();
      for (const window of windows) {
        if (now - window.from < window.ms) continue;
        window.from = now;
        window.used = 0;
      }
      const full = windows.filter(({ used, quota }) => used >= quota);
      if (full.length > 0) return Math.max(...full.map(({ from, ms }) => Math.ceil((from + ms - now) / 1_000)));
      for (const window of windows) window.used += 1;
      return null;
    },
    headers(): Record<string, string> {
      const now = clock.now();
      const left = ({ name, quota, used, from, ms }: Window): string =>
        `"${name}";r=${quota - used};t=${Math.ceil((from + ms - now) / 1_000)}`;
      return {
        ratelimit: windows.map(left).join(', '),
        'ratelimit-policy': windows.map(({ name, quota, ms }) => `"${name}";q=${quota};w=${ms / 1_000}`).join(', '),
      };
    },
  };
}
