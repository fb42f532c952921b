/** What goes wrong with Compute Engine. A scenario switches these on. */
export const TRAPS = {
  'zone-full': 'an insert is answered with 200, and its operation ends with ZONE_RESOURCE_POOL_EXHAUSTED',
  quota: 'an insert is refused with 403 quotaExceeded',
  'too-many': 'inserts, starts, stops and deletes are refused with 403 rateLimitExceeded',
  'slow-operations': 'operations take five minutes',
  'insert-502': 'an insert is answered with 502, and the machine exists',
  'list-500': 'lists fail',
  'zone-unreachable': 'a list lacks one zone, and says so in a warning only',
  'token-refused': 'no token is given for the key',
} as const;

export type Trap = keyof typeof TRAPS;

export const isTrap = (word: string): word is Trap => word in TRAPS;
