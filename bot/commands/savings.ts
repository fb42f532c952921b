import { Failure } from '../../engine/domain/failures.ts';
import { baselineFrom, type GroupBy, isUsd, PRICE_MAX, readPeriod } from '../../engine/domain/savings.ts';
import { command, flag, number, text } from '../command.ts';
import { csvOf } from '../csv-of.ts';

const choice = (value: string, en: string, pt: string) => ({ value, say: { en, pt } });

export const savings = command({
  path: 'savings',
  verb: 'savings',
  options: {
    workspace: text(
      { en: 'Of this one; else of all', pt: 'Deste; sem isto, de todos' },
      { suggests: 'workspace', max: 40 },
    ),
    period: text(
      {
        en: 'today, yesterday, 7d, week, month, 2026, 2026-08 (UTC); 30d if missing',
        pt: 'today, yesterday, 7d, week, month, 2026, 2026-08 (UTC); sem isto, 30d',
      },
      { max: 20 },
    ),
    by: text(
      { en: 'A line for each', pt: 'Uma linha para cada' },
      {
        choices: [
          choice('workspace', 'workspace', 'workspace'),
          choice('user', 'user', 'usuário'),
          choice('day', 'day', 'dia'),
          choice('month', 'month', 'mês'),
          choice('machine', 'machine', 'máquina'),
          choice('race', 'race', 'disputa'),
        ],
      },
    ),
    baseline: text(
      { en: 'Compared with always-on on what', pt: 'Comparado com sempre ligado em quê' },
      {
        choices: [
          choice('offer', 'the same machines', 'as mesmas máquinas'),
          choice('market', 'the median offer', 'a oferta mediana'),
        ],
      },
    ),
    price: number(
      { en: 'Or at this price, dollars an hour', pt: 'Ou a este preço, dólares por hora' },
      { min: 0.000_001, max: PRICE_MAX },
    ),
    price_name: text({ en: 'Whose price that is', pt: 'De quem é este preço' }, { max: 60 }),
    account: text(
      { en: 'Of the workspaces of this account', pt: 'Dos workspaces desta conta' },
      { suggests: 'account', max: 100 },
    ),
    currency: text({ en: 'USD; there is no other', pt: 'USD; não há outra' }, { max: 10 }),
    csv: flag({ en: 'Also as a file for spreadsheets', pt: 'Também como arquivo para planilhas' }),
  },
  async run({ options, engine, words, now }) {
    const { workspace = null, period: given = '30d', by = 'workspace', baseline, price, price_name: name } = options;
    const { account: user = null, currency = 'USD', csv = false } = options;
    const period = readPeriod(given, now);
    if (typeof period === 'string') throw new Failure('bad_request', { why: words.say.badPeriod(given) });
    if (!isUsd(currency)) throw new Failure('bad_request', { why: words.money.onlyUsd(currency) });
    const kind = baseline === 'market' || baseline === 'offer' ? baseline : undefined;
    const compared = baselineFrom({ kind, dollarsPerHour: price, name });
    if (typeof compared === 'string') throw new Failure('bad_request', { why: words.money.badBaseline[compared] });
    const known = await engine.savings({ workspace, user, period, baseline: compared, by: by as GroupBy });
    const answer = words.answer.savings(known);
    return csv ? { ...answer, files: [csvOf(known)] } : answer;
  },
});
