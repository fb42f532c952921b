import { CHARGED_FOR } from '../domain/journals.ts';
import { type AccountSums, DAY_MS, type DaySum, paidFor } from '../domain/ledger.ts';
import { MICRO, type MicroDollars } from '../domain/money.ts';
import { type Baseline, dayName, type Figures, type GroupBy, noMoney, type Period } from '../domain/savings.ts';

/** One day of one workspace. */
export interface DayFigures extends Figures {
  readonly day: number;
}

/** When there was such a workspace for certain; `until` null: there still is. */
export interface Life {
  readonly from: number;
  readonly until: number | null;
}

/**
 * What was really paid against what always-on would have cost, day by day. The price of a day is that of the machine it ran
 * on; where it slept through, that of the one before, or of the first one after; where there is none, the day is compared with
 * nothing. Nothing but the ledger is looked at. Where it is not certain that there was such a workspace only the hours count in
 * which it was awake.
 */
export function savingsOf(
  { days }: AccountSums,
  life: Life,
  baseline: Baseline,
  period: Period,
  now: number,
): readonly DayFigures[] {
  const sums = Map.groupBy(days, ({ day }) => day);
  const rates = new Map([...sums].flatMap(([day, some]) => rateOn(day, some, baseline)));
  const end = Math.min(period.until, life.until ?? now, now);
  const firstDay = Math.max(period.from, Math.min(life.from, ...sums.keys()));
  let rate = latestRate(rates, period.from) ?? [...rates].toSorted(([a], [b]) => a - b)[0]?.[1] ?? null;
  const figures: DayFigures[] = [];
  for (let day = dayStart(firstDay); day < period.until && (day < end || sums.has(day)); day += DAY_MS) {
    rate = rates.get(day) ?? rate;
    const certain = Math.max(0, Math.min(day + DAY_MS, end) - Math.max(day, life.from));
    figures.push(figuresOn(day, sums.get(day) ?? [], certain, rate));
  }
  return figures;
}

const dayStart = (at: number): number => Math.floor(at / DAY_MS) * DAY_MS;

function figuresOn(day: number, sums: readonly DaySum[], certain: number, rate: number | null): DayFigures {
  const spent = noMoney();
  for (const sum of sums) spent[sum.for] += paidFor(sum);
  const paidMicro = Object.values(spent).reduce((all, micro) => all + micro, 0);
  const ran = sums.reduce((ms, sum) => ms + sum.ms, 0);
  const awakeMs = Math.min(DAY_MS, Math.max(0, ran));
  const existed = Math.max(certain, awakeMs);
  const baselineMicro = existed === 0 ? 0 : rate === null ? null : Math.round(rate * existed);
  return {
    day,
    paidMicro,
    paidFor: spent,
    baselineMicro,
    savedMicro: baselineMicro === null ? null : baselineMicro - paidMicro,
    notCompared: baselineMicro === null ? { micro: paidMicro, ms: existed } : { micro: 0, ms: 0 },
    awakeMs,
    asleepMs: existed - awakeMs,
    differenceMicro: differenceOf(sums),
  };
}

const differenceOf = (sums: readonly DaySum[]): MicroDollars =>
  sums.reduce((all, { chargedMicro, settledMicro }) => all + chargedMicro - settledMicro, 0);

/** Micro-dollars a millisecond. */
function rateOn(day: number, sums: readonly DaySum[], baseline: Baseline): [number, number][] {
  if (baseline.kind === 'price') return [[day, (baseline.dollarsPerHour * MICRO) / HOUR_MS]];
  const gpu = sums.find((sum) => sum.for === 'gpu');
  if (!gpu) return [];
  if (baseline.kind === 'market') return gpu.marketMs > 0 ? [[day, gpu.marketMicro / gpu.marketMs]] : [];
  return gpu.ms > 0 ? [[day, gpu.meteredMicro / gpu.ms]] : [];
}

const HOUR_MS = 3_600_000;

function latestRate(rates: ReadonlyMap<number, number>, before: number): number | null {
  let [latest, rate]: [number, number | null] = [Number.NEGATIVE_INFINITY, null];
  for (const [day, one] of rates) if (day < before && day > latest) [latest, rate] = [day, one];
  return rate;
}

/** Adds up, by whatever is asked for. */
export interface Tally {
  add(workspace: string, owner: string, days: readonly DayFigures[]): void;
  /** Where nothing but what was paid is known. */
  pay(key: string, sums: readonly DaySum[]): void;
  total(): Figures;
  rows(): readonly (Figures & { readonly key: string })[];
}

export function tally(by: GroupBy): Tally {
  const all = blank();
  const rows = new Map<string, Sum>();
  const rowOf = (key: string): Sum => {
    const row = rows.get(key) ?? blank();
    rows.set(key, row);
    return row;
  };
  const names = new Map<number, string>();
  /** The days of a thousand workspaces are the same. */
  const nameOf = (day: number): string => {
    const name = names.get(day) ?? dayName(day);
    names.set(day, name);
    return name;
  };
  return {
    add(workspace, owner, days) {
      for (const day of days) {
        addTo(all, day);
        if (by !== 'machine' && by !== 'race') addTo(rowOf(KEYS[by](workspace, owner, nameOf(day.day))), day);
      }
    },
    pay(key, sums) {
      const row = rowOf(key);
      row.comparable = false;
      for (const sum of sums) {
        row.paidFor[sum.for] += paidFor(sum);
        row.awakeMs += Math.max(0, sum.ms);
      }
      row.differenceMicro += differenceOf(sums);
    },
    total: () => figures(all),
    rows: () => [...rows].map(([key, row]) => ({ key, ...figures(row) })).sort((a, b) => (a.key < b.key ? -1 : 1)),
  };
}

const KEYS: Readonly<
  Record<Exclude<GroupBy, 'machine' | 'race'>, (workspace: string, owner: string, day: string) => string>
> = {
  workspace: (workspace) => workspace,
  user: (_, owner) => owner,
  day: (_, _owner, day) => day,
  month: (_, _owner, day) => day.slice(0, 7),
};

interface Sum {
  readonly paidFor: Record<keyof Figures['paidFor'], MicroDollars>;
  baselineMicro: MicroDollars;
  awakeMs: number;
  asleepMs: number;
  differenceMicro: MicroDollars;
  readonly notCompared: { micro: MicroDollars; ms: number };
  /** Some of it was compared. */
  compared: boolean;
  /** Of one machine or race nothing ever is. */
  comparable: boolean;
}

const blank = (): Sum => ({
  paidFor: noMoney(),
  baselineMicro: 0,
  awakeMs: 0,
  asleepMs: 0,
  differenceMicro: 0,
  notCompared: { micro: 0, ms: 0 },
  compared: false,
  comparable: true,
});

function addTo(sum: Sum, day: DayFigures): void {
  for (const purpose of CHARGED_FOR) sum.paidFor[purpose] += day.paidFor[purpose];
  sum.baselineMicro += day.baselineMicro ?? 0;
  sum.compared ||= day.baselineMicro !== null;
  sum.notCompared.micro += day.notCompared.micro;
  sum.notCompared.ms += day.notCompared.ms;
  sum.awakeMs += day.awakeMs;
  sum.asleepMs += day.asleepMs;
  sum.differenceMicro += day.differenceMicro;
}

function figures({ paidFor: spent, baselineMicro, notCompared, compared, comparable, ...rest }: Sum): Figures {
  const { awakeMs, asleepMs, differenceMicro } = rest;
  const paidMicro = Object.values(spent).reduce((all, micro) => all + micro, 0);
  const known = comparable && (compared || notCompared.ms === 0);
  return {
    paidMicro,
    paidFor: spent,
    baselineMicro: known ? baselineMicro : null,
    savedMicro: known ? baselineMicro - (paidMicro - notCompared.micro) : null,
    notCompared: { ...notCompared },
    awakeMs,
    asleepMs,
    differenceMicro,
  };
}
