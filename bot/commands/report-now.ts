import type { ReportEvery } from '../../engine/domain/report.ts';
import { readPeriod } from '../../engine/domain/savings.ts';
import { command, flag, text } from '../command.ts';
import { csvOf } from '../csv-of.ts';
import { reportMessage } from '../panels/report.ts';
import { EVERY_CHOICES } from './report-schedule.ts';

const PERIOD: Readonly<Record<ReportEvery, string>> = { daily: 'yesterday', weekly: 'week', monthly: 'month' };

export const reportNow = command({
  path: 'report now',
  verb: 'report',
  say: { en: 'What it cost and saved, with charts', pt: 'O que custou e poupou, com gráficos' },
  options: {
    of: text(
      {
        en: 'Of the last whole day, week or month (UTC); yesterday if missing',
        pt: 'Do último dia, semana ou mês (UTC); sem isto, de ontem',
      },
      { choices: EVERY_CHOICES },
    ),
    workspace: text(
      { en: 'Of this one; else of all', pt: 'Deste; sem isto, de todos' },
      { suggests: 'workspace', max: 40 },
    ),
    csv: flag({ en: 'Also as a file for spreadsheets', pt: 'Também como arquivo para planilhas' }),
  },
  async run({ options: { of, workspace = null, csv = false }, engine, who, words, now }) {
    const every = (of ?? 'daily') as ReportEvery;
    const period = readPeriod(PERIOD[every], now);
    if (typeof period === 'string') throw new TypeError(period);
    const about = { ...period, every, by: who.name, workspace, shutIn: null };
    const message = await reportMessage(about, engine, words, now);
    if (!csv) return message;
    const known = await engine.savings({ workspace, user: null, period, baseline: { kind: 'offer' }, by: 'day' });
    return { ...message, files: [...(message.files ?? []), csvOf(known)] };
  },
});
