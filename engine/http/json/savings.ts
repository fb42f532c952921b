import * as z from 'zod';
import { CHARGED_FOR } from '../../domain/journals.ts';
import { MICRO, type MicroDollars } from '../../domain/money.ts';
import { type Baseline, dayName, type Figures, GROUPS, type Savings } from '../../domain/savings.ts';

const money = z.number();
const FiguresJson = z.object({
  paid_dollars: money.describe('Everything that was really paid.'),
  paid_for: z
    .object(Object.fromEntries(CHARGED_FOR.map((purpose) => [purpose, money])))
    .describe('The same in dollars, by what it went to; `waste` is what losers of races cost.'),
  baseline_dollars: money
    .nullable()
    .describe('What always-on would have cost; null for one machine or race, or where no hourly price is known.'),
  saved_dollars: money.nullable().describe('Negative where sleeping cost more than it saved.'),
  not_compared_dollars: money.describe('Paid where no hourly price is known: it is no part of what was saved.'),
  not_compared_seconds: z.number().describe('For how long none was known.'),
  awake_seconds: z.number(),
  asleep_seconds: z.number(),
  difference_dollars: money.describe('What marketplaces charged beyond what we had metered for the same.'),
});

export const SavingsJson = z.object({
  currency: z.literal('USD'),
  from: z.iso.date().describe('The first day, UTC.'),
  to: z.iso.date().describe('The last day, that day included.'),
  baseline: z.object({
    kind: z.enum(['offer', 'market', 'price']),
    dollars_per_hour: money.nullable(),
    name: z.string().nullable(),
  }),
  by: z.enum(GROUPS),
  total: FiguresJson,
  rows: z.array(FiguresJson.extend({ key: z.string() })),
});
export type SavingsJson = z.infer<typeof SavingsJson>;

export function savingsJson({ period, baseline, by, total, rows }: Savings): SavingsJson {
  return {
    currency: 'USD',
    from: dayName(period.from),
    to: dayName(period.until - 1),
    baseline: baselineJson(baseline),
    by,
    total: figuresJson(total),
    rows: rows.map(({ key, ...figures }) => ({ key, ...figuresJson(figures) })),
  };
}

function baselineJson(baseline: Baseline): SavingsJson['baseline'] {
  if (baseline.kind !== 'price') return { kind: baseline.kind, dollars_per_hour: null, name: null };
  return { kind: 'price', dollars_per_hour: baseline.dollarsPerHour, name: baseline.name || null };
}

function figuresJson(figures: Figures): z.infer<typeof FiguresJson> {
  const dollars = (micro: MicroDollars): number => micro / MICRO;
  const { baselineMicro, savedMicro, paidFor } = figures;
  return {
    paid_dollars: dollars(figures.paidMicro),
    paid_for: Object.fromEntries(CHARGED_FOR.map((purpose) => [purpose, dollars(paidFor[purpose])])),
    baseline_dollars: baselineMicro === null ? null : dollars(baselineMicro),
    saved_dollars: savedMicro === null ? null : dollars(savedMicro),
    not_compared_dollars: dollars(figures.notCompared.micro),
    not_compared_seconds: figures.notCompared.ms / 1_000,
    awake_seconds: figures.awakeMs / 1_000,
    asleep_seconds: figures.asleepMs / 1_000,
    difference_dollars: dollars(figures.differenceMicro),
  };
}
