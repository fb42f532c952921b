import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DEFAULTS } from '../../engine/domain/settings.ts';
import type { Job, Workspace } from '../../engine/domain/workspace.ts';
import { observe, type Seen, type SignName } from '../../engine/policy/activity.ts';
import { hibernation, type IdleSight, rulesFor } from '../../engine/policy/hibernation.ts';
import { BEHIND_MS, type Facts, HOUR, heard, MINUTE, RULES, SECOND, sight, status, WOKEN } from './idle-machine.ts';

const LATER = WOKEN + 20 * MINUTE;

/** What is said of a machine that was quiet for long, and whose last heartbeat told this. */
function verdictOn(facts: Facts, more: Partial<IdleSight> = {}) {
  return hibernation(sight(observe(heard(WOKEN, LATER), status(LATER, facts), RULES, LATER), more));
}

const job = (argv: readonly string[]): Job => ({
  operation: 'op',
  by: 'ana',
  at: WOKEN,
  argv,
  thenHibernate: true,
  machine: 'm1',
});

test('a machine on which nothing stirs for long enough falls asleep, and says what it looked like', () => {
  const seen = heard(WOKEN, LATER, (at) => ({
    cpuPercent: { value: 3 },
    gpuPercent: { value: at < LATER - 4 * MINUTE ? 60 : 0 },
  }));
  expect(hibernation(sight(seen))).toEqual({
    sleep: true,
    why: 'idle for 4 minutes: GPU 0 %, CPU 3 %, nobody logged in',
    quietSince: LATER - 4 * MINUTE - 10 * SECOND,
  });
});

test.each<[Facts, string]>([
  [{ gpuPercent: { value: 87 } }, 'the GPU is 87 % busy'],
  [{ gpuPercent: { value: 5 } }, 'the GPU is 5 % busy'],
  [{ gpuMemoryMovedMb: { value: 512 } }, 'the memory of the GPU moved by 512 MB'],
  [{ cpuPercent: { value: 140 } }, 'the CPU is 140 % busy'],
  [{ diskBytesPerSecond: { value: 12_340_000 } }, 'the disk moves 12.3 MB/s'],
  [{ networkBytesPerSecond: { value: 250_000 } }, 'the network moves 250 kB/s'],
  [{ jupyterKernelsBusy: { value: 1 } }, '1 Jupyter kernel is busy'],
  [{ jupyterKernelsBusy: { value: 1.5 } }, '2 Jupyter kernels are busy'],
  [{ jupyterKernelsBusy: { lastAt: LATER - 40 * SECOND } }, 'a Jupyter kernel was used 40 seconds ago'],
  [{ terminals: { value: 1, lastAt: LATER - 2 * MINUTE } }, 'somebody typed 2 minutes ago'],
  [{ terminals: { lastAt: LATER - MINUTE } }, 'somebody typed 1 minute ago'],
  [{ editors: { value: 1, lastAt: LATER - MINUTE } }, 'somebody used an editor 1 minute ago'],
  [{ terminals: { value: 2, lastAt: LATER - 50 * MINUTE } }, '2 terminals are open, untouched for 50 minutes'],
  [{ editors: { value: 1, lastAt: LATER - 30 * MINUTE } }, '1 editor is connected, untouched for 30 minutes'],
  [{ gpuPercent: { absent: true, value: null }, cpuPercent: { value: 26 } }, 'the CPU is 26 % busy'],
  [{ cpuPercent: { value: 99 }, gpuPercent: { value: 9 } }, 'the GPU is 9 % busy'],
  [{ cpuPercent: { value: 99 }, terminals: { value: 1, lastAt: LATER - HOUR / 2 } }, 'the CPU is 99 % busy'],
])('a sign of life keeps it up and is the reason: %j', (facts, why) => {
  expect(verdictOn(facts)).toEqual({ sleep: false, why, quietSince: null });
});

test.each<[SignName, number]>([
  ['gpuPercent', 4.9],
  ['gpuMemoryMovedMb', 63],
  ['cpuPercent', 24.9],
  ['diskBytesPerSecond', 999_999],
  ['networkBytesPerSecond', 99_999],
])('%s below its threshold is no sign of life', (sign, value) => {
  expect(verdictOn({ [sign]: { value } })).toMatchObject({ sleep: true });
});

test.each<[Partial<IdleSight>, string]>([
  [{ jobs: [job(['python', 'train.py'])] }, 'runs "python …"'],
  [{ jobs: [job(['a']), job(['b']), job(['c'])] }, 'runs "a" and 2 more'],
  [{ jobs: [job(['x'.repeat(100)])] }, `runs "${'x'.repeat(60)} …"`],
  [{ complete: false }, 'its files are still arriving'],
  [{ usableAt: LATER - 4 * MINUTE }, 'woken 4 minutes ago'],
  [
    { keep: { until: Date.UTC(2023, 10, 14, 23, 40), by: 'ana', why: '', at: WOKEN } },
    'kept awake by ana until 23:40 UTC',
  ],
  [
    { keep: { until: Date.UTC(2023, 10, 16, 9, 5), by: 'ana', why: '', at: WOKEN } },
    'kept awake by ana until 2023-11-16 09:05 UTC',
  ],
])('it is held awake although nothing stirs: %#', (more, why) => {
  expect(hibernation(sight(heard(WOKEN, LATER), more))).toEqual({ sleep: false, why, quietSince: null });
});

test('who asked to keep it awake is served until then and not longer', () => {
  const keep: Workspace['keep'] = { until: LATER, by: 'ana', why: '', at: WOKEN };
  expect(verdictOn({}, { keep, now: LATER - 1, heardAt: LATER - 1 })).toMatchObject({ sleep: false });
  expect(verdictOn({}, { keep })).toMatchObject({ sleep: true });
});

test('while it was not idle for long enough it says for how long it is', () => {
  const seen = heard(WOKEN, LATER, (at) => ({ gpuPercent: { value: at <= LATER - 40 * SECOND ? 90 : 1 } }));
  expect(hibernation(sight(seen))).toEqual({
    sleep: false,
    why: 'idle for only 40 seconds: GPU 1 %, CPU 0 %, nobody logged in',
    quietSince: LATER - 40 * SECOND,
  });
});

test('a terminal that is open and untouched counts for an hour after the last key, and then not', () => {
  const typed = WOKEN + 5 * MINUTE;
  const open = (then: number) => ({ terminals: { value: 1, lastAt: then < typed ? WOKEN : typed } });
  const at = (now: number) => hibernation(sight(heard(WOKEN, now, open)));
  expect(at(typed + HOUR - 10 * SECOND).why).toBe('1 terminal is open, untouched for 59 minutes');
  expect(at(typed + HOUR + 2 * MINUTE)).toMatchObject({ sleep: false, quietSince: typed + HOUR });
  expect(at(typed + HOUR + 3 * MINUTE)).toEqual({
    sleep: true,
    why: 'idle for 3 minutes: GPU 0 %, CPU 0 %, 1 terminal is open, untouched for 63 minutes',
    quietSince: typed + HOUR,
  });
});

test('one whose last key is not known counts from when it was first seen open', () => {
  const at = (now: number) => hibernation(sight(heard(WOKEN, now, () => ({ editors: { value: 1 } }))));
  expect(at(WOKEN + HOUR - 10 * SECOND)).toMatchObject({ sleep: false });
  expect(at(WOKEN + HOUR + RULES.idleMs)).toMatchObject({ sleep: true });
});

test('who leaves was there until then, and not for the rest of the hour', () => {
  const left = LATER - 5 * MINUTE;
  const seen = heard(WOKEN, LATER, (at) => (at < left ? { terminals: { value: 1, lastAt: WOKEN + MINUTE } } : {}));
  expect(hibernation(sight(seen))).toMatchObject({ sleep: true, quietSince: left });
});

test('a key is one key, however the clock of the machine jumps afterwards', () => {
  const typed = { terminals: { value: 0, lastAt: WOKEN } };
  const before = observe(null, status(WOKEN, typed), RULES, WOKEN);
  const jumped = { ...status(LATER, typed), at: WOKEN - BEHIND_MS };
  expect(observe(before, jumped, RULES, LATER).signs.terminals.touchedAt).toBe(WOKEN);
});

const unmeasured = { gpuPercent: { value: null, say: 'nvidia-smi ended with 9' } };

test('what cannot be measured counts as alive for four hours after it was last known, and then not', () => {
  const lost = WOKEN + HOUR;
  const at = (now: number) => hibernation(sight(heard(WOKEN, now, (then) => (then > lost ? unmeasured : {}))));
  expect(at(lost + HOUR)).toEqual({
    sleep: false,
    why: 'the GPU cannot be measured (nvidia-smi ended with 9), which counts as alive for 3 hours more',
    quietSince: WOKEN,
  });
  expect(at(lost + 4 * HOUR - 10 * SECOND)).toMatchObject({ sleep: false });
  expect(at(lost + 4 * HOUR)).toMatchObject({
    sleep: true,
    why: 'idle for 5 hours: CPU 0 %, nobody logged in, the GPU not measured for 4 hours (nvidia-smi ended with 9)',
  });
});

test('a machine without a GPU is not one whose GPU is unknown', () => {
  const seen = heard(WOKEN, LATER, () => ({
    gpuPercent: { value: null, absent: true },
    gpuMemoryMovedMb: { value: null },
  }));
  expect(hibernation(sight(seen))).toMatchObject({
    sleep: true,
    why: 'idle for 20 minutes: no GPU, CPU 0 %, nobody logged in',
  });
});

test('a machine that falls silent counts as alive for four hours', () => {
  const seen = heard(WOKEN, LATER);
  const at = (now: number) => hibernation(sight(seen, { now }));
  expect(at(LATER + 30 * SECOND)).toMatchObject({ sleep: true });
  expect(at(LATER + HOUR)).toMatchObject({
    sleep: false,
    why: 'nothing was heard of it for 60 minutes, which counts as alive for 3 hours more',
  });
  expect(at(LATER + 4 * HOUR)).toMatchObject({ sleep: true, why: 'nothing was heard of it for 4 hours' });
});

test('an engine that starts anew knows nothing of before, and takes nobody for asleep because of its own absence', () => {
  const start = WOKEN + 10 * HOUR;
  const unheard = sight(null, { listeningSince: start, now: start + MINUTE });
  expect(hibernation(unheard)).toMatchObject({ sleep: false, why: expect.stringContaining('nothing was heard') });
  const quiet = (ms: number) => hibernation(sight(heard(start, start + ms), { listeningSince: start }));
  expect(quiet(2 * MINUTE)).toMatchObject({ sleep: false, quietSince: start });
  expect(quiet(3 * MINUTE)).toMatchObject({ sleep: true, quietSince: start });
  expect(hibernation({ ...unheard, now: start + 4 * HOUR })).toMatchObject({ sleep: true });
});

test('what was not watched for as long as idling takes does not count as idle', () => {
  const gap = observe(heard(WOKEN, LATER), status(LATER + HOUR), RULES, LATER + HOUR);
  expect(hibernation(sight(gap))).toMatchObject({ sleep: false, quietSince: LATER + HOUR });
});

test('a workspace that never sleeps by itself says that it could', () => {
  const rules = rulesFor({ spec: { idle: { hibernate: false } } as never }, DEFAULTS);
  expect(rules).toEqual({ ...RULES, hibernate: false });
  expect(hibernation(sight(heard(WOKEN, LATER), { rules }))).toMatchObject({
    sleep: false,
    why: 'idle for 20 minutes: GPU 0 %, CPU 0 %, nobody logged in; it never falls asleep by itself',
  });
});

const SIGNS: readonly SignName[] = [
  'gpuPercent',
  'gpuMemoryMovedMb',
  'cpuPercent',
  'diskBytesPerSecond',
  'networkBytesPerSecond',
  'terminals',
  'editors',
  'jupyterKernelsBusy',
];
const reading = fc.record({
  value: fc.oneof(fc.constant(0), fc.constant(null), fc.integer({ min: 0, max: 3 }), fc.integer({ max: 2e6, min: 0 })),
  agoMs: fc.option(fc.integer({ min: 0, max: 2 * HOUR })),
});
const heartbeat = fc.record({
  afterMs: fc.integer({ min: 1, max: 2 * MINUTE }),
  signs: fc.tuple(...SIGNS.map(() => reading)),
});
const life = fc.record({
  beats: fc.array(heartbeat, { minLength: 1, maxLength: 40 }),
  afterMs: fc.integer({ min: 0, max: 44 * SECOND }),
  raise: fc.array(fc.record({ beat: fc.nat(39), sign: fc.nat(7), by: fc.integer({ min: 1, max: 2e6 }) }), {
    maxLength: 5,
  }),
});
type Beats = readonly {
  readonly afterMs: number;
  readonly signs: readonly (typeof reading extends fc.Arbitrary<infer T> ? T : never)[];
}[];

function lived(beats: Beats): { seen: Seen; lastSign: number } {
  let seen: Seen | null = null;
  let at = WOKEN;
  let lastSign = 0;
  for (const beat of beats) {
    at += beat.afterMs;
    const facts: Facts = Object.fromEntries(
      SIGNS.map((sign, i) => {
        const { value, agoMs } = beat.signs[i]!;
        const lastAt = agoMs === null ? null : Math.max(WOKEN, at - agoMs);
        if (lastAt !== null) lastSign = Math.max(lastSign, lastAt);
        if (value !== null && value >= limitOf(sign)) lastSign = at;
        return [sign, { value, lastAt }];
      }),
    );
    seen = observe(seen, status(at, facts), RULES, at);
  }
  return { seen: seen!, lastSign };
}

/** Open terminals and editors are left out: those count only for a while. */
function limitOf(sign: SignName): number {
  const limits: Partial<Record<SignName, number>> = {
    gpuPercent: 5,
    gpuMemoryMovedMb: 64,
    cpuPercent: 25,
    diskBytesPerSecond: 1e6,
    networkBytesPerSecond: 1e5,
    jupyterKernelsBusy: 1,
  };
  return limits[sign] ?? Number.POSITIVE_INFINITY;
}

test('it never sleeps within the idle time of any known sign, and always gives a reason', () => {
  fc.assert(
    fc.property(life, ({ beats, afterMs }) => {
      const { seen, lastSign } = lived(beats);
      const now = seen.at + afterMs;
      const verdict = hibernation(sight(seen, { now }));
      expect(verdict.why).not.toBe('');
      if (verdict.sleep) expect(now - lastSign).toBeGreaterThanOrEqual(RULES.idleMs);
      if (verdict.sleep) expect(verdict.quietSince).toBeLessThanOrEqual(now - RULES.idleMs);
    }),
    { numRuns: 500 },
  );
});

test('more activity never turns staying awake into sleep', () => {
  fc.assert(
    fc.property(life, ({ beats, afterMs, raise }) => {
      const raised = structuredClone(beats);
      for (const { beat, sign, by } of raise) {
        const one = raised[beat % raised.length]!.signs[sign]!;
        if (one.value !== null) one.value += by;
      }
      const now = lived(beats).seen.at + afterMs;
      const before = hibernation(sight(lived(beats).seen, { now }));
      const after = hibernation(sight(lived(raised).seen, { now }));
      expect(before.sleep || !after.sleep, `${before.why} -> ${after.why}`).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test('what can be measured only now and then is no endless sign of life, and warns nobody again and again', () => {
  const flapping = (everyBeats: number) => {
    let seen: Seen | null = null;
    let changes = 0;
    let asleepAt: number | null = null;
    let before = false;
    for (let beat = 0; beat <= 6 * 360; beat += 1) {
      const now = WOKEN + beat * 10 * SECOND;
      const unknown = beat % everyBeats < everyBeats / 2;
      seen = observe(seen, status(now, unknown ? unmeasured : {}), RULES, now);
      const { sleep } = hibernation(sight(seen));
      if (sleep !== before) changes += 1;
      before = sleep;
      asleepAt = sleep ? (asleepAt ?? now) : null;
    }
    return { changes, asleepAt };
  };
  const once = flapping(2);
  expect(once.changes, 'every second heartbeat').toBe(1);
  for (const everyBeats of [20, 60, 200]) {
    const { asleepAt } = flapping(everyBeats);
    expect(asleepAt, `${everyBeats} beats`).not.toBeNull();
    expect(asleepAt! - WOKEN, `${everyBeats} beats`).toBeLessThanOrEqual(RULES.unknownMs + MINUTE);
  }
});

test('the unknown never sleeps before its cap, and always by it', () => {
  const unknowns = fc.uniqueArray(fc.constantFrom(...SIGNS), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(unknowns, fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 24 }), (signs, known, tens) => {
      const lost = WOKEN + known * 10 * SECOND;
      const facts = Object.fromEntries(signs.map((sign) => [sign, { value: null }]));
      const from = known === 0 ? WOKEN : lost; // never known: since the first time that it was not
      const at = (now: number) =>
        hibernation(sight(heard(WOKEN, now, (then) => (then > lost || known === 0 ? facts : {}))));
      expect(at(from + RULES.unknownMs - 10 * SECOND - tens * 10 * SECOND)).toMatchObject({ sleep: false });
      expect(at(from + RULES.unknownMs + tens * 10 * SECOND)).toMatchObject({ sleep: true });
    }),
    { numRuns: 20 },
  );
});
