import { covers } from '../../engine/domain/budget.ts';
import { Failure } from '../../engine/domain/failures.ts';
import { microDollars } from '../../engine/domain/money.ts';
import { command, flag, number, text } from '../command.ts';

const cap = (en: string, pt: string) => number({ en, pt }, { min: 0, max: 1_000_000 });

export const budget = command({
  path: 'budget',
  verb: 'budget',
  changes: ({ day, month, remove }) => (day ?? month ?? remove) !== undefined,
  options: {
    workspace: text({ en: 'Of this workspace', pt: 'Deste workspace' }, { suggests: 'workspace', max: 40 }),
    account: text(
      { en: 'Or of all of this account', pt: 'Ou de todos desta conta' },
      { suggests: 'account', max: 100 },
    ),
    all: flag({ en: 'Or of everybody together', pt: 'Ou de todos juntos' }),
    day: cap('At most so many dollars a day (UTC)', 'No máximo tantos dólares por dia (UTC)'),
    month: cap('At most so many dollars a month (UTC)', 'No máximo tantos dólares por mês (UTC)'),
    remove: text({ en: 'The id of one that ends', pt: 'O id de um que acaba' }, { suggests: 'budget', max: 200 }),
  },
  async run({ options: { workspace, account, all = false, day, month, remove }, engine, asked, words }) {
    const scopes = [
      ...(workspace === undefined ? [] : [{ scope: 'workspace' as const, of: workspace }]),
      ...(account === undefined ? [] : [{ scope: 'user' as const, of: account }]),
      ...(all ? [{ scope: 'all' as const, of: '' }] : []),
    ];
    const [scope] = scopes;
    if ((day ?? month) !== undefined && (scopes.length !== 1 || !scope))
      throw new Failure('bad_request', { why: words.money.oneScope });
    const caps = [
      { per: 'day' as const, amount: day },
      { per: 'month' as const, amount: month },
    ];
    for (const { per, amount } of caps)
      if (scope && amount !== undefined) await engine.setBudget({ ...scope, per, micro: microDollars(amount) }, asked);
    if (remove !== undefined) await engine.removeBudget(remove, asked);
    const budgets = await engine.budgets();
    if (workspace === undefined) return words.answer.budgets(budgets);
    const [view] = await engine.status(workspace);
    return words.answer.budgets(budgets.filter(({ budget }) => covers(budget, view!.workspace)));
  },
});
