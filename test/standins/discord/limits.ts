import type { Bucket, Settings } from './state.ts';

export interface Verdict {
  readonly headers: Readonly<Record<string, string>>;
  /** Seconds to wait; null when it may pass. */
  readonly retryAfter: number | null;
  readonly global: boolean;
}

/** Buckets per route and channel, and the one for all that a bot asks under its token. */
export function rateLimits(settings: Settings) {
  const buckets = new Map<string, { left: number; resetAt: number }>();
  let second = { from: 0, used: 0 };

  return (route: string, major: string, bucket: Bucket | null, counted: boolean): Verdict => {
    const now = Date.now();
    if (counted) {
      if (now - second.from >= 1_000) second = { from: now, used: 0 };
      second.used += 1;
      if (second.used > settings.globalPerSecond) {
        const retryAfter = (second.from + 1_000 - now) / 1_000;
        const headers = { 'Retry-After': `${retryAfter}`, 'X-RateLimit-Global': 'true', 'X-RateLimit-Scope': 'global' };
        return { headers, retryAfter, global: true };
      }
    }
    if (bucket === null) return { headers: {}, retryAfter: null, global: false };
    const key = `${route} ${major}`;
    let state = buckets.get(key);
    if (!state || state.resetAt <= now) state = { left: bucket.limit, resetAt: now + bucket.windowMs };
    buckets.set(key, state);
    const resetAfter = Math.max(0, (state.resetAt - now) / 1_000);
    const over = state.left <= 0;
    if (!over) state.left -= 1;
    const headers: Record<string, string> = {
      'X-RateLimit-Limit': `${bucket.limit}`,
      'X-RateLimit-Remaining': `${state.left}`,
      'X-RateLimit-Reset': `${state.resetAt / 1_000}`,
      'X-RateLimit-Reset-After': `${resetAfter}`,
      'X-RateLimit-Bucket': Buffer.from(route).toString('hex').slice(0, 32),
    };
    if (over) Object.assign(headers, { 'Retry-After': `${resetAfter}`, 'X-RateLimit-Scope': 'user' });
    return { headers, retryAfter: over ? resetAfter : null, global: false };
  };
}
