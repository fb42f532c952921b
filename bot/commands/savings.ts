import { Failure } from '../../engine/domain/failures.ts';
import type { Baseline, GroupBy } from '../../engine/domain/savings.ts';
import { readPeriod } from '../../engine/domain/savings.ts';
import { command, number, text } from '../command.ts';

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
      { min: 0, max: 10_000 },
    ),
  },
  async run({
    options: { workspace = null, period: given = '30d', by = 'workspace', baseline, price },
    engine,
    words,
    now,
  }) {
    const period = readPeriod(given, now);
    if (typeof period === 'string') throw new Failure('bad_request', { why: words.say.badPeriod(given) });
    const compared: Baseline =
      price === undefined
        ? { kind: baseline === 'market' ? 'market' : 'offer' }
        : { kind: 'price', dollarsPerHour: price, name: '' };
    const wanted = { workspace, user: null, period, baseline: compared, by: by as GroupBy };
    return words.answer.savings(await engine.savings(wanted));
  },
});
