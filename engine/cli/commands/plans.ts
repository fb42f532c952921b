import { digitsOf, dollars, microDollars } from '../../domain/money.ts';
import type { PlansJson } from '../../http/json/plan.ts';
import { command } from '../command.ts';
import { restorePriceWords } from '../restore-price.ts';
import { table } from '../table.ts';
import { bytes, duration } from '../words.ts';

export const plans = command({
  name: 'plans',
  takes: [{ name: 'NAME', say: 'Priced for this workspace; else for a typical one', optional: true }],
  examples: [
    ['dumont plans lab', 'what storage and its requests would cost a month with each'],
    ['dumont configure lab --plan pro --every 1m', 'choose one, and an interval that it has'],
  ],
  async run({ words: [name], engine, screen, signal }) {
    const answer = await engine.get<PlansJson>('/api/v1/plans', { instance_id: name }, signal);
    if (screen.json) screen.printJson(answer);
    else screen.print(...lines(answer, screen));
    return 0;
  },
});

function lines({ plans: all, prices, restore, ladder }: PlansJson, screen: Parameters<typeof table>[2]): string[] {
  const rows = all.flatMap(({ prices, ...plan }) => prices.map((price, at) => ({ plan, price, first: at === 0 })));
  const [one] = all;
  const amounts = rows.flatMap(({ price }) => [price.requests_dollars, price.storage_dollars, price.total_dollars]);
  const digits = digitsOf(amounts.map(microDollars));
  const money = (value: number): string => dollars(microDollars(value), digits);
  return [
    ...table<(typeof rows)[number]>(
      [
        { title: 'PLAN', of: ({ plan, first }) => (first ? plan.name : ''), style: () => 'bold' },
        { title: 'KEPT', of: ({ plan, first }) => (first ? `${plan.retention_days} days` : '') },
        { title: 'STORAGE', of: ({ plan, first }) => (first ? bytes(plan.storage_bytes_max) : ''), drop: 1 },
        { title: 'EVERY', of: ({ price }) => everyWords(price.frequency_seconds), align: 'right' },
        { title: 'REQUESTS', of: ({ price }) => money(price.requests_dollars), align: 'right' },
        { title: 'BYTES', of: ({ price }) => money(price.storage_dollars), align: 'right' },
        { title: 'A MONTH', of: ({ price }) => money(price.total_dollars), align: 'right' },
        {
          title: 'PRICE BOOK',
          of: ({ plan, first }) => (first ? money(plan.charge.storage_dollars) : ''),
          align: 'right',
          drop: 2,
        },
      ],
      rows,
      screen,
    ),
    ...(one
      ? [
          '',
          `A month of days like this: ${bytes(one.day.stored_bytes)} stored, ${bytes(one.day.changed_bytes)} of it new, ` +
            `${one.day.image_bytes > 0 ? `a wake image of ${bytes(one.day.image_bytes)}` : 'no wake image'}, something changing during ${one.day.changing_hours} hours, ${one.day.hibernations} hibernation. A quiet machine asks storage for nothing; the control host looks its backups over once a day and tries them once a week.`,
          `${prices.paid ? 'At the prices of' : 'Storage costs nothing here; these are the prices of'} ${prices.of}, without what is free there for an account; PRICE BOOK is what the price book ${one.charge.price_book} charges for a month.`,
          `To bring all of it back once, ${restorePriceWords(restore)}.`,
          ladderWords(ladder),
        ]
      : []),
  ];
}

/** As "dumont configure --every" takes it. */
const everyWords = (seconds: number): string => (seconds === 86_400 ? '24 h' : duration(seconds * 1_000));

/** Whoever restores a date of last week lands at the last snapshot of a day. */
function ladderWords(ladder: PlansJson['ladder']): string {
  const rungs = ladder.map(({ until_seconds: until, every_seconds: every }) => {
    const what = every === null ? 'each one' : `the last of every ${everyWords(every)}`;
    return `${what} ${until === null ? 'until its days are over' : `for ${everyWords(until)}`}`;
  });
  return `Automatic snapshots get fewer with age: ${rungs.join(', then ')}. Those that you asked for or pinned do not.`;
}
