import { expect, test } from 'vitest';
import { creditAlarm } from '../../engine/policy/budget.ts';
import { payBack } from '../../engine/policy/pay-back.ts';

const HOUR = 3_600_000;
const SIGHT = {
  dollarsPerHour: 0.6,
  wakeMs: 60_000,
  wasteMicro: 20_000,
  restoreBytes: 10e9,
  dollarsPerGbDown: 0.002,
  sleepMs: 8 * HOUR,
};

test('sleeping pays once the machine would have cost more than waking: race, traffic and the wait', () => {
  const { worth, wakeMicro, afterMs, why } = payBack(SIGHT);
  expect(wakeMicro).toBe(20_000 + 20_000 + 10_000);
  expect(afterMs).toBe(5 * 60_000);
  expect(worth).toBe(true);
  expect(why).toBe(
    'asleep pays after 5 minutes: waking it again costs about $0.05; it usually sleeps for 8 hours, which saves $4.75',
  );
});

test('a short sleep may not be worth it, and says so', () => {
  const { worth, why } = payBack({ ...SIGHT, sleepMs: 4 * 60_000 });
  expect(worth).toBe(false);
  expect(why).toContain('it may not be worth it');
});

test('who never slept before is told only from when on it pays', () => {
  expect(payBack({ ...SIGHT, sleepMs: null })).toMatchObject({
    worth: null,
    why: 'asleep pays after 5 minutes: waking it again costs about $0.05',
  });
  expect(payBack({ ...SIGHT, dollarsPerHour: 0 }).worth).toBe(false);
});

test('credit must last for a race and for what runs until tomorrow', () => {
  const sight = { marketplace: 'vast', creditMicro: 5_000_000, burningDollarsPerHour: 0, raceDollarsPerHour: 2 };
  expect(creditAlarm(sight)).toBeNull();
  expect(creditAlarm({ ...sight, raceDollarsPerHour: null, creditMicro: 0 })).toContain('vast has $0.00 left');
  expect(creditAlarm({ ...sight, raceDollarsPerHour: 6 })).toContain('the machines of one wake need $6.00 for an hour');
  expect(creditAlarm({ ...sight, burningDollarsPerHour: 0.5 })).toContain('uses that up in 10 h');
});
