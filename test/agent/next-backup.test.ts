import { expect, test } from 'vitest';
import { everyMs, nextBackup, retryMs, type Situation } from '../../engine/agent/life/next-backup.ts';
import { openTickets } from '../../engine/agent/life/tickets.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** A backup began two minutes ago, by a plan of one minute; something changed since, and there is a ticket. */
const due: Situation = {
  now: HOUR,
  planMs: MINUTE,
  heldBy: null,
  changed: true,
  startedAt: HOUR - 2 * MINUTE,
  retryAt: null,
  lookedAt: HOUR - 2 * MINUTE,
  lookEveryMs: 10 * MINUTE,
  tickets: 1,
  askedAt: null,
  heartbeatMs: 10 * SECOND,
  silentMs: SECOND,
};

test.each<[string, Partial<Situation>, object]>([
  ['backs up when something changed and the time has come', {}, { do: 'back-up' }],
  ['waits for the plan', { startedAt: HOUR - 20 * SECOND }, { do: 'wait', ms: 40 * SECOND }],
  ['begins at once when it never did', { startedAt: null }, { do: 'back-up' }],
  ['begins right after one that took longer than the plan', { startedAt: HOUR - 5 * MINUTE }, { do: 'back-up' }],
  ['does nothing without a plan', { planMs: null }, { do: 'wait' }],
  ['does nothing while another one saves', { heldBy: 'a save' }, { do: 'wait', why: 'a save' }],
  ['does nothing on a quiet tree', { changed: false }, { do: 'wait', ms: 8 * MINUTE, why: 'nothing changed' }],
  ['looks now and then whether it is quiet', { changed: false, lookedAt: HOUR - 10 * MINUTE }, { do: 'look' }],
  ['looks when nobody ever did', { changed: false, lookedAt: null }, { do: 'look' }],
  ['waits after a failure', { retryAt: HOUR + 30 * SECOND }, { do: 'wait', ms: 30 * SECOND }],
  ['asks for a ticket when it has none', { tickets: 0 }, { do: 'ask' }],
  ['asks again only after a heartbeat', { tickets: 0, askedAt: HOUR - 4 * SECOND }, { do: 'wait', ms: 6 * SECOND }],
  ['needs no ticket when the engine is silent', { tickets: 0, silentMs: 31 * SECOND }, { do: 'back-up' }],
  ['backs up less often when nobody listens', { silentMs: 3 * MINUTE }, { do: 'wait', ms: 8 * MINUTE }],
])('%s', (_, but, next) => {
  expect(nextBackup({ ...due, ...but })).toMatchObject(next);
});

test('an interval that is longer than ten minutes stays so when the engine is silent', () => {
  expect(everyMs({ planMs: HOUR, silentMs: HOUR })).toBe(HOUR);
  expect(everyMs({ planMs: SECOND, silentMs: 0 })).toBe(SECOND);
});

test('failed backups are tried again later and later, up to five minutes', () => {
  expect([1, 2, 3, 4, 5, 60].map((failures) => retryMs(failures, MINUTE) / MINUTE)).toEqual([1, 2, 4, 5, 5, 5]);
  expect(retryMs(9, HOUR)).toBe(HOUR);
});

test('tickets are used in their order, once, and none from before a save or after its end', () => {
  const tickets = openTickets(2);
  const ticket = (sequence: number, until = HOUR) => ({ sequence, draft: `d${sequence}`, manifestUrl: 'u', until });
  tickets.add([ticket(5), ticket(3), ticket(2), ticket(4, 30 * SECOND), ticket(6), ticket(7)]);
  expect([tickets.count(0), tickets.take(0)?.sequence]).toEqual([4, 3]);
  tickets.add([ticket(3), ticket(5)]);
  expect([tickets.count(0), tickets.take(0)?.sequence]).toEqual([3, 5]);
  tickets.passed(6);
  expect([tickets.take(0)?.sequence, tickets.take(0), tickets.last()]).toEqual([7, null, 7]);
});
