import { describe, expect, test } from 'vitest';
import type { Charge } from '../../engine/domain/journals.ts';
import { type AccountSums, addCharge, DAY_MS, type Sums } from '../../engine/domain/ledger.ts';
import { type Baseline, periodWords, readPeriod } from '../../engine/domain/savings.ts';
import { savingsOf, tally } from '../../engine/policy/savings.ts';
import { aCharge } from '../contracts/journals.ts';

const HOUR = 3_600_000;
const FROM = Date.UTC(2026, 7, 1);
const day = (of: number): number => FROM + (of - 1) * DAY_MS;
const PERIOD = { from: FROM, until: day(4) };
const OFFER: Baseline = { kind: 'offer' };

/** On the first of August for 6 hours at $0.40, on the third for 2 hours at $0.60; races, storage and a late bill besides. */
function account(...more: readonly Partial<Charge>[]): AccountSums {
  const sums: Sums = new Map();
  const charges = [
    { from: day(1) + 6 * HOUR, until: day(1) + 12 * HOUR, micro: 2_400_000, marketMicro: 3_000_000 },
    { from: day(3), until: day(3) + 2 * HOUR, micro: 1_200_000, marketMicro: 1_000_000 },
    { for: 'waste' as const, from: day(1), until: day(1) + HOUR, micro: 70_000 },
    { for: 'storage' as const, from: day(1), until: day(4), micro: 3_001 },
    ...more,
  ];
  for (const charge of charges) addCharge(sums, aCharge(charge));
  return { workspace: 'lab', owner: 'ana', days: [...sums.values()] };
}

const figures = (
  baseline: Baseline,
  life: Parameters<typeof savingsOf>[1] = { from: FROM, until: null },
  of = account(),
  now = day(4),
) => {
  const tallied = tally('day');
  tallied.add('lab', 'ana', savingsOf(of, life, baseline, PERIOD, now));
  return { total: tallied.total(), days: tallied.rows() };
};

describe('savings', () => {
  test('are always-on on the same offer, less everything that was paid', () => {
    const { total, days } = figures(OFFER);
    // 24 hours at 0.40, a day asleep priced by the machine before, 24 hours at 0.60.
    expect(days.map(({ baselineMicro }) => baselineMicro)).toEqual([9_600_000, 9_600_000, 14_400_000]);
    expect(total.paidMicro).toBe(2_400_000 + 1_200_000 + 70_000 + 3_001);
    expect(total.savedMicro).toBe(33_600_000 - total.paidMicro);
    expect([total.awakeMs, total.asleepMs]).toEqual([8 * HOUR, 64 * HOUR]);
    expect(total.paidFor).toMatchObject({ gpu: 3_600_000, waste: 70_000, storage: 3_001 });
  });

  test('add up to the same, however they are grouped', () => {
    const groups = (['workspace', 'user', 'day', 'month'] as const).map((by) => {
      const tallied = tally(by);
      tallied.add('lab', 'ana', savingsOf(account(), { from: FROM, until: null }, OFFER, PERIOD, day(4)));
      const sum = tallied.rows().reduce((all, { savedMicro }) => all + (savedMicro ?? 0), 0);
      return [sum, tallied.total().savedMicro];
    });
    expect(new Set(groups.flat()).size).toBe(1);
  });

  test("compare with the marketplace's median, or with a price by name, when that is asked for", () => {
    expect(figures({ kind: 'market' }).total.baselineMicro).toBe(72 * 500_000);
    expect(figures({ kind: 'price', dollarsPerHour: 2, name: 'g5' }).total.baselineMicro).toBe(72 * 2_000_000);
  });

  test('are negative where sleeping cost more than it saved, and say so', () => {
    const dear = account({ id: 'w', for: 'waste', from: day(2), until: day(2), micro: 40_000_000 });
    expect(figures(OFFER, undefined, dear).total.savedMicro).toBe(33_600_000 - 43_673_001);
  });

  test('count no sleep before there was such a workspace, after it was gone, or that is to come', () => {
    const hours = ({ total }: ReturnType<typeof figures>): number => (total.awakeMs + total.asleepMs) / HOUR;
    expect(hours(figures(OFFER, { from: day(3), until: null })), 'the 6 it ran before, of another one').toBe(24 + 6);
    expect(hours(figures(OFFER, { from: FROM, until: day(2) })), 'the 2 it ran after').toBe(24 + 2);
    const gone = figures(OFFER, { from: Number.POSITIVE_INFINITY, until: day(4) });
    expect([hours(gone), gone.total.asleepMs]).toEqual([8, 0]);
    expect(hours(figures(OFFER, undefined, account(), day(3) + 3 * HOUR))).toBe(51);
  });

  test('count hours at a standby as awake, what it cost as paid, and its price for no baseline', () => {
    const standby = { id: 'm2/1', for: 'standby' as const, from: day(2), until: day(2) + 10 * HOUR, micro: 1_400_000 };
    const { total } = figures(OFFER, undefined, account(standby));
    expect(total.awakeMs).toBe(18 * HOUR);
    expect(total.paidFor.standby).toBe(1_400_000);
    expect(total.baselineMicro).toBe(33_600_000);
  });

  test('compare with nothing where no hourly price is known: neither loss nor gain, and said', () => {
    const unseen: AccountSums = {
      ...account(),
      days: account().days.map((sum) => ({ ...sum, marketMs: 0, marketMicro: 0 })),
    };
    const { total, days } = figures({ kind: 'market' }, undefined, unseen);
    expect([total.baselineMicro, total.savedMicro]).toEqual([null, null]);
    expect(total.notCompared).toEqual({ micro: 3_673_001, ms: 72 * HOUR });
    expect(days.every(({ savedMicro }) => savedMicro === null)).toBe(true);
  });

  test('leave out of the comparison what has no price, on both sides, and count it as paid', () => {
    const tallied = tally('workspace');
    const known = savingsOf(account(), { from: FROM, until: null }, OFFER, PERIOD, day(4));
    const storage = aCharge({ for: 'storage', from: day(1), until: day(4), micro: 500 });
    const sums: Sums = new Map();
    addCharge(sums, storage);
    const never = { workspace: 'new', owner: 'ana', days: [...sums.values()] };
    tallied.add('lab', 'ana', known);
    tallied.add('new', 'ana', savingsOf(never, { from: FROM, until: null }, OFFER, PERIOD, day(4)));
    const [lab, fresh] = tallied.rows();
    const total = tallied.total();
    expect(fresh).toMatchObject({ savedMicro: null, paidMicro: 500, notCompared: { micro: 500, ms: 72 * HOUR } });
    expect(total.paidMicro).toBe((lab?.paidMicro ?? 0) + 500);
    expect(total.savedMicro).toBe(lab?.savedMicro);
    expect(total.notCompared.micro).toBe(500);
  });

  test('take the bill of the marketplace where it came, and show by how much it differs', () => {
    const billed = account(
      { id: 's', settles: 'a', from: day(1) + 6 * HOUR, until: day(1) + 12 * HOUR, micro: -2_400_000 },
      { id: 'c', source: 'charged', from: day(1) + 6 * HOUR, until: day(1) + 12 * HOUR, micro: 2_310_000 },
    );
    const { total } = figures(OFFER, undefined, billed);
    expect(total.differenceMicro).toBe(-90_000);
    expect(total.paidFor.gpu).toBe(3_600_000 - 90_000);
    expect(total.baselineMicro, 'what always-on would have cost is the same').toBe(33_600_000);
  });
});

describe('a period', () => {
  const now = Date.UTC(2026, 7, 12, 15);
  const said = (text: string): string => {
    const period = readPeriod(text, now);
    return typeof period === 'string' ? period : periodWords(period);
  };
  test.each([
    ['today', '2026-08-12'],
    ['yesterday', '2026-08-11'],
    ['7d', '2026-08-06 – 2026-08-12'],
    ['week', '2026-08-03 – 2026-08-09'],
    ['month', '2026-07'],
    ['2026-07', '2026-07'],
    ['2026-08', '2026-08-01 – 2026-08-12'],
    ['2024-02-29', '2024-02-29'],
    ['2025', '2025-01-01 – 2025-12-31'],
    ['2026-09', '2026-09 is not here yet: today is 2026-08-12 (UTC)'],
    ['2026-08-13', '2026-08-13 is not here yet: today is 2026-08-12 (UTC)'],
  ])('%s is %s', (given, expected) => {
    expect(said(given)).toBe(expected);
  });

  test.each(['2026-13', '2025-02-29', '1999', 'constructor', '0d', 'soon', ''])('"%s" is none', (given) => {
    expect(said(given)).toMatch(/is no period/);
  });
});
