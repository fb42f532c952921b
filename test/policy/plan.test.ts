import { expect, test } from 'vitest';
import { DEFAULTS } from '../../engine/domain/settings.ts';
import { faultInChoice, intervalOf, keptDays } from '../../engine/policy/plan.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const choice = { plan: 'free', backupEveryMs: null, retentionDays: null } as const;

test.each([
  [{ ...choice }, null],
  [{ ...choice, backupEveryMs: 5 * MINUTE, retentionDays: 90 }, null],
  [{ ...choice, plan: 'enterprise', backupEveryMs: 10_000 }, null],
  [
    { ...choice, backupEveryMs: 30_000 },
    'it has no backup every 30 seconds; choose 5 minutes, 15 minutes, 60 minutes, 6 hours or 24 hours',
  ],
  [
    { ...choice, plan: 'pro', backupEveryMs: 10_000 },
    'it has no backup every 10 seconds; choose 30 seconds, 1 minute, 5 minutes, 15 minutes, 60 minutes, 6 hours or 24 hours',
  ],
  [
    { ...choice, backupEveryMs: 7 * MINUTE },
    'A backup can come every 5 minutes, 15 minutes, 60 minutes, 6 hours or 24 hours, not every 7 minutes.',
  ],
  [{ ...choice, retentionDays: 14 }, 'Snapshots are kept for 7, 30 or 90 days, not for 14.'],
] as const)('a plan allows %o: %s', (chosen, why) => {
  expect(faultInChoice(chosen, DEFAULTS)?.why ?? null).toBe(why);
});

test('a workspace that chose no interval is backed up as the installation or its plan says', () => {
  const every = (plan: 'free' | 'pro' | 'enterprise', backupEveryMs: number | null, installation: number | null) =>
    intervalOf(
      { ...choice, plan, backupEveryMs },
      { ...DEFAULTS, agent: { ...DEFAULTS.agent, backupEveryMs: installation } },
    );
  expect([every('free', null, null), every('pro', null, null), every('enterprise', null, null)]).toEqual([
    5 * MINUTE,
    30_000,
    10_000,
  ]);
  expect(every('free', null, 75_000), "the installation's word is its owner's").toBe(75_000);
  expect(every('enterprise', 6 * HOUR, 75_000)).toBe(6 * HOUR);
  expect(every('free', 10_000, null), 'chosen when it was on another plan').toBe(5 * MINUTE);
});

test.each([
  ['automatic', 'free', null, { days: 7, by: 'plan' }],
  ['automatic', 'enterprise', null, { days: 90, by: 'plan' }],
  ['automatic', 'enterprise', 30, { days: 30, by: 'workspace' }],
  ['automatic', 'free', 90, { days: 7, by: 'plan' }],
  ['manual', 'free', null, { days: 90, by: 'kind' }],
  ['manual', 'free', 7, { days: 7, by: 'workspace' }],
  ['pre-failover', 'free', null, { days: 30, by: 'kind' }],
  ['pre-failover', 'free', 90, { days: 90, by: 'workspace' }],
] as const)('%s snapshots on %s, the workspace says %s: %o', (kind, plan, retentionDays, kept) => {
  expect(keptDays(kind, { plan, retentionDays }, DEFAULTS)).toEqual(kept);
});
