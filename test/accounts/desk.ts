import { createHash } from 'node:crypto';
import { openAccounts } from '../../engine/accounts/accounts.ts';
import { FakeStore } from '../fakes/store.ts';

export const MINUTE = 60_000;
export const DAY = 24 * 60 * MINUTE;

/** Accounts over rows in memory, with a clock that is moved by hand. */
export function desk() {
  const time = { now: Date.UTC(2026, 9, 5, 12) };
  const clock = { now: () => time.now, sleep: async () => undefined };
  const store = new FakeStore({ strict: true });
  let ids = 0;
  const accounts = openAccounts({
    store,
    clock,
    newId: (prefix) => `${prefix}${++ids}`,
    derive: (purpose) => createHash('sha256').update(purpose).digest(),
  });
  return { accounts, store, time };
}

export const PASSWORD = 'correct horse battery';
