import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Machine } from '../../engine/domain/lifecycle.ts';
import { DEFAULTS } from '../../engine/domain/settings.ts';
import { newestGood, type Snapshot } from '../../engine/domain/snapshot.ts';
import { type RetentionSight, retention } from '../../engine/policy/retention.ts';
import { aMachine, aSnapshot, aWorkspace } from '../contracts/store-rows.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOW = 20_000 * DAY + 12 * HOUR;
const idOf = (name: string | number): string => String(name).padStart(64, '0');

let count = 0;
/** Of an age; the younger, the higher its number. */
function aged(ageMs: number, over: Partial<Snapshot> = {}): Snapshot {
  count += 1;
  const at = NOW - ageMs;
  const made = { kind: 'automatic', createdAt: at, completedAt: at, provedAt: at, sequence: at / 1_000 } as const;
  return aSnapshot({ id: idOf(`a${count}`), contentHash: `content ${count}`, ...made, ...over });
}

function fates(snapshots: readonly Snapshot[], more: Partial<RetentionSight> = {}) {
  const sight = { workspace: aWorkspace(), machines: [], named: new Set<string>(), overLimit: false, now: NOW };
  return retention({ ...sight, snapshots, ...more }, DEFAULTS);
}

const newest = aged(0);
const on = (plan: 'free' | 'pro' | 'enterprise', retentionDays: number | null = null) => ({
  workspace: { ...aWorkspace(), spec: { ...aWorkspace().spec, plan, retentionDays } },
});

test.each<readonly [string, Partial<Snapshot> & { ageMs: number }, Partial<RetentionSight>, boolean, string]>([
  ['a young one', { ageMs: MINUTE }, {}, true, 'the plan keeps it 7 days'],
  ['one of the last days', { ageMs: 3 * DAY }, {}, true, 'the last in 24 hours; the plan keeps it 7 days'],
  ['one past its days', { ageMs: 8 * DAY }, {}, false, 'the plan keeps it 7 days, and it is 8 days old'],
  ['the same on another plan', { ageMs: 8 * DAY }, on('pro'), true, 'the last in 24 hours; the plan keeps it 30 days'],
  [
    'the same where the workspace says so',
    { ageMs: 8 * DAY },
    on('enterprise', 7),
    false,
    'the workspace keeps snapshots 7 days, and it is 8 days old',
  ],
  [
    'what the workspace wants beyond the plan',
    { ageMs: 8 * DAY },
    on('free', 90),
    false,
    'the plan keeps it 7 days, and it is 8 days old',
  ],
  ['a manual one', { ageMs: 80 * DAY, kind: 'manual' }, {}, true, 'manual ones are kept 90 days'],
  [
    'an old manual one',
    { ageMs: 91 * DAY, kind: 'manual' },
    {},
    false,
    'manual ones are kept 90 days, and it is 91 days old',
  ],
  [
    'one from before a failover',
    { ageMs: 29 * DAY, kind: 'pre-failover' },
    {},
    true,
    'pre-failover ones are kept 30 days',
  ],
  [
    'a pinned one of any age',
    { ageMs: 900 * DAY, pinned: { by: 'ana', why: 'the paper', at: 1 } },
    {},
    true,
    'pinned by ana: the paper',
  ],
  [
    'a pinned one that was removed',
    { ageMs: 1, pinned: { by: 'ana', why: '', at: 1 }, leaving: { by: 'bob', why: 'asked for', at: 2 } },
    {},
    false,
    'bob removed it: asked for',
  ],
  [
    'one that was the newest until somebody went back',
    { ageMs: 120 * DAY, setAside: { by: 'ana', why: 'from a1b2c3d4', at: NOW - 89 * DAY } },
    {},
    true,
    'ana went back to an older one 89 days ago; manual ones are kept 90 days',
  ],
  [
    'the same when its time is over',
    { ageMs: 120 * DAY, setAside: { by: 'ana', why: 'from a1b2c3d4', at: NOW - 90 * DAY } },
    {},
    false,
    'ana went back to an older one 90 days ago; manual ones are kept 90 days',
  ],
  [
    'one that somebody wakes from',
    { ageMs: 900 * DAY, id: idOf('w') },
    { workspace: aWorkspace({ wish: { ...aWorkspace().wish, snapshot: idOf('w') } }) },
    true,
    'somebody asked to wake from it',
  ],
  [
    'one that a machine was restored from',
    { ageMs: 900 * DAY, id: idOf('r') },
    { machines: [aMachine({ restored: idOf('r'), state: 'running' })] },
    true,
    'machine m1 builds on it',
  ],
  [
    'one that lets a machine be destroyed, until it is',
    { ageMs: 900 * DAY, id: idOf('s') },
    { machines: [aMachine({ sealed: { snapshot: idOf('s'), at: 1 }, state: 'releasing' }) as Machine] },
    true,
    'machine m1 builds on it',
  ],
  [
    'one of a machine that was let go',
    { ageMs: 900 * DAY, id: idOf('l') },
    { machines: [aMachine({ restored: idOf('l'), state: 'releasing' }) as Machine] },
    false,
    'the plan keeps it 7 days, and it is 900 days old',
  ],
  [
    'one that its machine names again',
    { ageMs: 900 * DAY, id: idOf('n') },
    { named: new Set([idOf('n')]) },
    true,
    'its machine still speaks of it',
  ],
])('%s', (_, { ageMs, ...over }, sight, stays, why) => {
  const fate = fates([newest, aged(ageMs, over)], sight)[1];
  expect({ stays: fate?.stays, why: fate?.why }).toEqual({ stays, why });
});

test('the newest good one stays however old, and so does the newest of all', () => {
  const good = aged(400 * DAY);
  const partial = aged(399 * DAY, { partial: true });
  expect(fates([good, partial]).map(({ stays, why }) => [stays, why])).toEqual([
    [true, 'the newest good one'],
    [true, 'the newest of all'],
  ]);
});

test('automatic ones get fewer with age, and a good one is preferred to one that is not', () => {
  const everyMinute = Array.from({ length: 3 * 60 }, (_, i) => aged(i * MINUTE));
  const kept = fates(everyMinute).filter(({ stays }) => stays);
  const ages = kept.map(({ snapshot }) => Math.round((NOW - snapshot.createdAt) / MINUTE));
  expect(ages.slice(0, 15), 'all of the last quarter').toEqual(Array.from({ length: 15 }, (_, i) => i));
  expect(ages.slice(15)).toEqual([
    16, 21, 26, 31, 36, 41, 46, 51, 56, 61, 66, 71, 76, 81, 86, 91, 96, 101, 106, 111, 116, 121,
  ]);
  const over = fates(everyMinute, { overLimit: true }).filter(({ stays }) => stays);
  expect(over.length, 'over its limit only one a day besides').toBe(15);
  const [, , older, partial] = fates([
    newest,
    aged(1),
    aged(3 * HOUR + 9 * MINUTE),
    aged(3 * HOUR + 8 * MINUTE, { partial: true }),
  ]);
  expect([older?.stays, partial?.stays]).toEqual([true, false]);
});

test('a list that others only differ from stays as long as they do', () => {
  const base = aged(8 * DAY);
  const changed = aged(6 * DAY, { manifestBase: base.id });
  expect(fates([newest, base, changed])[1]).toMatchObject({
    stays: true,
    why: `the list of ${changed.id.slice(0, 8)} builds on its own`,
  });
  expect(fates([newest, base, { ...changed, manifestBase: null }])[1]?.stays).toBe(false);
});

test('one that goes says which other keeps its content', () => {
  const old = aged(8 * DAY, { contentHash: newest.contentHash });
  expect(fates([newest, old])[1]).toMatchObject({ stays: false, sameAs: newest.id });
});

const history = fc.array(
  fc.record({
    gapMs: fc.integer({ min: 1_000, max: 5 * HOUR }),
    kind: fc.constantFrom('automatic', 'automatic', 'automatic', 'manual', 'pre-failover'),
    partial: fc.boolean(),
    pin: fc.boolean(),
  }),
  { minLength: 1, maxLength: 60 },
);

test('thinning at many moments leaves what thinning once at the end does, and never the newest good one less', () => {
  fc.assert(
    fc.property(history, fc.array(fc.nat(100), { maxLength: 12 }), (steps, moments) => {
      let at = NOW - 20 * DAY;
      const made = steps.map(({ gapMs, kind, partial, pin }, i) => {
        at += gapMs;
        const pinned = pin && i % 7 === 0 ? { by: 'ana', why: '', at } : null;
        const over = { kind, partial, pinned, sequence: i, createdAt: at, completedAt: at, provedAt: at } as const;
        return aSnapshot({ id: idOf(i), contentHash: String(i), ...over });
      });
      const thin = (snapshots: readonly Snapshot[], now: number) =>
        fates(snapshots, { now }).flatMap(({ snapshot, stays }) => (stays ? [snapshot] : []));
      const end = at + 30 * DAY;
      const sooner = moments
        .map((part) => made[0]!.createdAt + ((end - made[0]!.createdAt) * part) / 100)
        .toSorted((a, b) => a - b);
      let left: readonly Snapshot[] = [];
      let next = 0;
      for (const now of [...sooner, end]) {
        const before = next;
        while (next < made.length && made[next]!.createdAt <= now) next += 1;
        left = [...left, ...made.slice(before, next)];
        const good = newestGood(left);
        left = thin(left, now);
        expect(newestGood(left)?.id).toBe(good?.id);
      }
      expect(left.map(({ id }) => id)).toEqual(thin(made, end).map(({ id }) => id));
    }),
  );
});

/** What happens to a workspace: a backup, another claim after it slept, now and then from an older snapshot. */
const lives = fc.array(
  fc.record({
    gapMs: fc.oneof(
      fc.integer({ min: 1_000, max: 20 * MINUTE }),
      fc.constant(4 * MINUTE),
      fc.integer({ min: HOUR, max: 2 * DAY }),
    ),
    does: fc.constantFrom('save', 'save', 'save', 'save', 'wake', 'go back', 'look'),
    which: fc.nat(50),
    partial: fc.integer({ min: 0, max: 4 }).map((n) => n === 0),
  }),
  { minLength: 1, maxLength: 80, size: 'max' },
);

test('what somebody went back from stays as long as a checkpoint does, and no other line stands for its work', () => {
  fc.assert(
    fc.property(lives, (steps) => {
      let now = NOW - 60 * DAY;
      let epoch = 1;
      let parent: string | null = null;
      let left: readonly Snapshot[] = [];
      const parentOf = new Map<string, string | null>();
      const tips = new Map<string, number>();
      const goesOnFrom = (one: string, other: string): boolean => {
        for (let at: string | null = one; at !== null; at = parentOf.get(at) ?? null) if (at === other) return true;
        return false;
      };
      for (const [i, { gapMs, does, which, partial }] of steps.entries()) {
        now += gapMs;
        if (does === 'save') {
          const made = { createdAt: now, completedAt: now, provedAt: now, sequence: i, epoch, partial };
          const id = String(i).padStart(8, '0').padEnd(64, '0');
          left = [...left, aSnapshot({ id, contentHash: id, kind: 'automatic', ...made })];
          parentOf.set(id, parent);
          parent = id;
        }
        if (does === 'wake' || does === 'go back') {
          epoch += 1;
          const newest = newestGood(left);
          const good = left.filter((one) => !one.partial);
          const from = does === 'wake' ? newest : (good[which % Math.max(good.length, 1)] ?? null);
          parent = from?.id ?? null;
          if (newest && from && from.id !== newest.id) {
            const setAside = { by: 'ana', why: '', at: now };
            left = left.map((one) => (one.id === newest.id ? { ...one, setAside } : one));
            tips.set(newest.id, now);
          }
        }
        const all = fates(left, { now });
        left = all.flatMap(({ snapshot, stays }) => (stays ? [snapshot] : []));
        for (const { snapshot, stays, why } of all) {
          const { id } = snapshot;
          const wentBackAt = tips.get(id);
          if (wentBackAt !== undefined && now < wentBackAt + 90 * DAY) expect(stays, why).toBe(true);
          const [, later] = /^(\d{8}) is later/.exec(why) ?? [];
          if (later === undefined) continue;
          const stands = snapshot.partial
            ? left.some((one) => goesOnFrom(one.id, id))
            : goesOnFrom(later.padEnd(64, '0'), id);
          expect(stands, `${id} goes: ${why}`).toBe(true);
        }
      }
    }),
  );
});

test('one that gets older goes when it is said to: sooner only if others come after it, and later never', () => {
  fc.assert(
    fc.property(lives, (steps) => {
      let now = NOW - 60 * DAY;
      let epoch = 1;
      let left: readonly Snapshot[] = [];
      let said = new Map<string, ReturnType<typeof fates>[number]>();
      for (const [i, { gapMs, does, partial }] of steps.entries()) {
        now += gapMs;
        const made = { createdAt: now, completedAt: now, provedAt: now, sequence: i, epoch, partial };
        const fresh = aSnapshot({ id: idOf(i), contentHash: String(i), kind: 'automatic', ...made });
        if (does === 'save') left = [...left, fresh];
        if (does === 'wake') epoch += 1;
        const all = fates(left, { now });
        for (const { snapshot, stays, why, until } of all) {
          const before = said.get(snapshot.id);
          if (before === undefined || before.until === null) continue;
          const words = `${why}; it was said: ${before.why}, ${before.soonest} to ${before.until}`;
          if (!stays) expect(now, words).toBeGreaterThanOrEqual(before.soonest ?? before.until);
          if (stays && !snapshot.partial) expect(now < before.until || until === null, words).toBe(true);
          if (stays && !snapshot.partial && until !== null) expect(until, words).toBeLessThanOrEqual(before.until);
        }
        left = all.flatMap(({ snapshot, stays }) => (stays ? [snapshot] : []));
        said = new Map(all.map((fate) => [fate.snapshot.id, fate]));
      }
    }),
  );
});

test('one of the last day says when the next of its span takes its place', () => {
  const [, hourly, gone] = fates([newest, aged(3 * HOUR), aged(90 * MINUTE), aged(80 * MINUTE)]);
  expect(hourly).toMatchObject({ stays: true, until: NOW + 21 * HOUR, soonest: null });
  expect(gone, 'within half an hour its hour has a later one').toMatchObject({
    until: NOW + 30 * MINUTE,
    soonest: null,
  });
  const [, young] = fates([newest, aged(5 * MINUTE)], { now: NOW + 1 });
  expect(young, 'the last of its five minutes, and its hour is over').toMatchObject({
    until: NOW + 1 * DAY - 5 * MINUTE,
  });
  const [older, last] = [aged(20 * HOUR), aged(19 * HOUR)];
  expect(fates([aged(2 * DAY, { sequence: NOW }), older, last])[2], 'its day is over').toMatchObject({
    until: NOW + 7 * DAY - 19 * HOUR,
  });
});
