import { covers } from '../../domain/budget.ts';
import { dollars, microDollars } from '../../domain/money.ts';
import type { BudgetsJson } from '../../http/json/budget.ts';
import type { InstanceJson } from '../../http/json/instance.ts';
import { amount, command, flag, text } from '../command.ts';
import { wrong } from '../read-args.ts';
import { table } from '../table.ts';

export const budget = command({
  name: 'budget',
  takes: [{ name: 'NAME', say: 'Of this workspace', optional: true }],
  options: {
    user: text('ACCOUNT', 'Of all workspaces of this account'),
    all: flag('Of everybody together'),
    day: amount('At most this a day (UTC)'),
    month: amount('At most this a month (UTC)'),
    remove: text('ID', 'Not any longer'),
  },
  examples: [
    ['dumont budget', 'what there is, and how much of it is spent'],
    ['dumont budget lab', 'all that hold for it, also those of its owner and of everybody'],
    ['dumont budget lab --day 5', 'told at 80 %; at 100 % saved and put to sleep, and nothing new rented'],
    ['dumont budget --all --month 200', ''],
    ['dumont budget --remove workspace/lab/day', ''],
  ],
  async run({ words: [name], options: { user, all, day, month, remove }, engine, screen, signal }) {
    const scopes = [
      ...(name === undefined ? [] : [{ scope: 'workspace', of: name }]),
      ...(user === undefined ? [] : [{ scope: 'user', of: user }]),
      ...(all ? [{ scope: 'all', of: '' }] : []),
    ];
    const caps = Object.entries({ day, month }).filter(([, cap]) => cap !== undefined);
    if (caps.length > 0 && scopes.length !== 1) throw wrong(budget, 'takes one of NAME, --user and --all with a cap');
    for (const [per, cap] of caps) await engine.put('/api/v1/budgets', { ...scopes[0], per, dollars: cap }, signal);
    if (remove !== undefined) await engine.remove('/api/v1/budgets', { id: remove }, signal);
    const { budgets } = await engine.get<BudgetsJson>('/api/v1/budgets', { user }, signal);
    const lab =
      name === undefined
        ? null
        : await engine.get<InstanceJson>(`/api/v1/instances/${encodeURIComponent(name)}`, {}, signal);
    const shown = budgets.filter(({ scope, of: whom }) => {
      const of = whom ?? '';
      return lab ? covers({ scope, of }, lab) : scopes.every((one) => one.scope === scope && one.of === of);
    });
    if (screen.json) screen.printJson({ budgets: shown });
    else if (shown.length === 0) screen.print('No budget is set: only the cap of each wake holds.');
    else screen.print(...lines(shown, screen));
    return 0;
  },
});

type Row = BudgetsJson['budgets'][number];

function lines(rows: readonly Row[], screen: Parameters<typeof table>[2]): string[] {
  const share = (row: Row): number => row.spent_dollars / row.dollars;
  return table<Row>(
    [
      { title: 'BUDGET', of: ({ id }) => id },
      { title: 'CAP', of: (row) => `${money(row.dollars)} a ${row.per}`, align: 'right' },
      { title: 'SPENT', of: (row) => money(row.spent_dollars), align: 'right' },
      {
        title: '',
        of: (row) => `${Math.floor(share(row) * 100)} %`,
        align: 'right',
        style: (row) => (share(row) >= 1 ? 'red' : share(row) >= 0.8 ? 'yellow' : null),
      },
      { title: 'SET BY', of: (row) => row.set_by, drop: 1 },
    ],
    rows,
    screen,
  );
}

const money = (value: number): string => dollars(microDollars(value));
