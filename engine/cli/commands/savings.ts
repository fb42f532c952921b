import { digitsOf, dollars, type MicroDollars, microDollars } from '../../domain/money.ts';
import { type BaselineFault, baselineFrom, GROUPS, PRICE_MAX } from '../../domain/savings.ts';
import type { SavingsJson } from '../../http/json/savings.ts';
import { amount, command, flag, type Given, oneOf, text } from '../command.ts';
import { wrong } from '../read-args.ts';
import { table } from '../table.ts';
import { hours } from '../words.ts';

type Row = SavingsJson['rows'][number];

const OPTIONS = {
  period: text('PERIOD', 'today, yesterday, 7d, week, month, 2026, 2026-08 or 2026-08-03 (UTC); 30d if missing'),
  by: oneOf('WHAT', 'A line for each workspace, user, day, month, machine or race', GROUPS),
  user: text('ACCOUNT', 'Of the workspaces of this account'),
  baseline: oneOf('WHAT', 'Compared with always-on on the same offer (offer), or on the median one (market)', [
    'offer',
    'market',
  ]),
  price: amount('Compared with always-on at this price an hour instead', PRICE_MAX),
  'price-name': text('TEXT', 'Whose price that is'),
  currency: text('CODE', 'USD; there is no other'),
  csv: flag('For spreadsheets'),
};

export const savings = command({
  name: 'savings',
  takes: [{ name: 'NAME', say: 'Of this workspace; else of all', optional: true }],
  options: OPTIONS,
  examples: [
    ['dumont savings', 'the last 30 days, a line for each workspace'],
    ['dumont savings lab --period 2026-08 --by day', ''],
    ['dumont savings --price 1.99 --price-name "g5.2xlarge"', 'against a price that you name'],
    ['dumont savings --period 2026 --by month --csv > 2026.csv', ''],
  ],
  run: async (given) => await showSavings(given.words[0], given.options, given, { name: 'savings', title: null }),
});

/** For whichever command asked; `title` stands before it, where somebody reads it. */
export async function showSavings(
  workspace: string | undefined,
  options: Partial<Given<typeof OPTIONS>['options']>,
  { engine, screen, signal }: Pick<Given<typeof OPTIONS>, 'engine' | 'screen' | 'signal'>,
  asked: { readonly name: string; readonly title: string | null },
): Promise<number> {
  const { period, by, user, baseline, price, currency, csv } = options;
  if (csv && screen.json) throw wrong(asked, 'prints one of --csv and --json, not both');
  const chosen = baselineFrom({ kind: baseline, dollarsPerHour: price, name: options['price-name'] });
  if (typeof chosen === 'string') throw wrong(asked, FAULTS[chosen]);
  const query = {
    instance_id: workspace,
    period,
    by,
    user,
    baseline: chosen.kind,
    dollars_per_hour: price,
    price_name: options['price-name'],
    currency,
  };
  if (csv) {
    const reply = await engine.open(PATH, { ...query, format: 'csv' }, signal);
    screen.print((await reply.text()).trimEnd().replaceAll('\r\n', '\n'));
    return 0;
  }
  const answer = await engine.get<SavingsJson>(PATH, query, signal);
  if (screen.json) screen.printJson(answer);
  else screen.print(...(asked.title === null ? [] : [asked.title]), ...lines(answer, screen));
  return 0;
}

const FAULTS: Readonly<Record<BaselineFault, string>> = {
  price_missing: 'needs --price',
  price_beside: 'compares with one thing: --price or --baseline, not both',
  name_alone: 'needs --price beside --price-name, which says whose price it is',
};

const PATH = '/api/v1/metrics/savings/real';

function lines(answer: SavingsJson, screen: Parameters<typeof table>[2]): string[] {
  const { total, rows, by } = answer;
  if (rows.length === 0) return [`${daysOf(answer)} (UTC): nothing cost anything.`];
  const all: readonly Row[] = [...rows, { key: 'total', ...total }];
  const money = moneyWith(digitsOf(all.flatMap(amountsOf)));
  return [
    headline(answer),
    '',
    ...table<Row>(
      [
        {
          title: by.toUpperCase(),
          of: ({ key }) => key,
          min: 10,
          style: ({ key }) => (key === 'total' ? 'bold' : null),
        },
        { title: 'PAID', of: (row) => money(row.paid_dollars), align: 'right' },
        { title: 'GPU', of: (row) => money(partsOf(row).gpu), align: 'right', drop: 2 },
        { title: 'WASTE', of: (row) => money(partsOf(row).waste), align: 'right', drop: 3 },
        { title: 'STORAGE', of: (row) => money(partsOf(row).storage), align: 'right', drop: 4 },
        { title: 'REST', of: (row) => money(partsOf(row).rest), align: 'right', drop: 5 },
        { title: 'ALWAYS ON', of: (row) => money(row.baseline_dollars), align: 'right' },
        { title: 'SAVED', of: (row) => money(row.saved_dollars), align: 'right', style: tone },
        { title: 'AWAKE', of: (row) => hours(row.awake_seconds * 1_000), align: 'right', drop: 1 },
        { title: 'ASLEEP', of: (row) => hours(row.asleep_seconds * 1_000), align: 'right', drop: 1 },
      ],
      all,
      screen,
    ),
    ...notes(total).flatMap((note) => ['', note]),
  ];
}

/** As the columns show it: a disk with its machine, requests with what is stored. */
function partsOf({ paid_for: it }: Row): Record<'gpu' | 'waste' | 'storage' | 'rest', number> {
  const sum = (...purposes: readonly string[]): number =>
    purposes.reduce((all, purpose) => all + (it[purpose] ?? 0), 0);
  return {
    gpu: sum('gpu', 'disk'),
    waste: sum('waste'),
    storage: sum('storage', 'requests'),
    rest: sum('bandwidth', 'standby'),
  };
}

const amountsOf = (row: Row): readonly (MicroDollars | null)[] =>
  [row.paid_dollars, row.baseline_dollars, row.saved_dollars, ...Object.values(partsOf(row))].map(
    (value) => value && microDollars(value),
  );

function notes(total: SavingsJson['total']): string[] {
  const { difference_dollars: difference, not_compared_dollars: apart, not_compared_seconds: seconds } = total;
  return [
    ...(seconds === 0
      ? []
      : [`Not compared, since no hourly price is known for it: ${money(apart)} and ${hours(seconds * 1_000)}.`]),
    ...(microDollars(difference) === 0
      ? []
      : [`Marketplaces charged ${differenceWords(microDollars(difference))} than was metered for the same.`]),
  ];
}

/** However small it is: where it is nothing, nothing is said. */
const differenceWords = (micro: MicroDollars): string =>
  `${dollars(Math.abs(micro), Math.abs(micro) < LEAST ? 6 : undefined)} ${micro < 0 ? 'less' : 'more'}`;

const LEAST = 100;

const daysOf = ({ from, to }: SavingsJson): string => (from === to ? from : `${from} – ${to}`);

function headline(answer: SavingsJson): string {
  const { total, baseline } = answer;
  const days = daysOf(answer);
  const { paid_dollars: paid, saved_dollars: saved, baseline_dollars: always } = total;
  const money = moneyWith(digitsOf([paid, saved, always].map((value) => value && microDollars(value))));
  const compared =
    baseline.kind === 'offer'
      ? 'always-on on the same machines'
      : baseline.kind === 'market'
        ? 'always-on on the median offer'
        : `always-on at ${money(baseline.dollars_per_hour)} an hour${baseline.name ? ` (${baseline.name})` : ''}`;
  if (saved === null) return `${days} (UTC): paid ${money(paid)}; what ${compared} would have cost is not known.`;
  const verb = saved < 0 ? `${money(-saved)} more than` : `${money(saved)} less than`;
  return `${days} (UTC): paid ${money(paid)}, ${verb} ${compared} (${money(always)}).`;
}

const money = (value: number | null): string => (value === null ? '–' : dollars(microDollars(value)));
const moneyWith =
  (digits: number) =>
  (value: number | null): string =>
    value === null ? '–' : dollars(microDollars(value), digits);
const tone = ({ saved_dollars: saved }: Row) => (saved === null ? null : saved < 0 ? 'yellow' : 'green');
