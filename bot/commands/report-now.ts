import type { ReportEvery } from '../../engine/domain/report.ts';
import { readPeriod } from '../../engine/domain/savings.ts';
import { command, text } from '../command.ts';
import { reportMessage } from '../panels/report.ts';
import { EVERY_CHOICES } from './report-schedule.ts';

const PERIOD: Readonly<Record<ReportEvery, string>> = { daily: 'yesterday', weekly: 'week', monthly: 'month' };

export const reportNow = command({
  path: 'report now',
  verb: 'report',
  say: { en: 'What it cost and saved, with charts', pt: 'O que custou e poupou, com gráficos' },
  options: {
    of: text({ en: 'Yesterday if missing', pt: 'Sem isto, de ontem' }, { choices: EVERY_CHOICES }),
    workspace: text(
      { en: 'Of this one; else of all', pt: 'Deste; sem isto, de todos' },
      { suggests: 'workspace', max: 40 },
    ),
  },
  async run({ options: { of, workspace = null }, engine, who, words, now }) {
    const every = (of ?? 'daily') as ReportEvery;
    const period = readPeriod(PERIOD[every], now);
    if (typeof period === 'string') throw new TypeError(period);
    return await reportMessage({ ...period, every, by: who.name, workspace, shutIn: null }, engine, words, now);
  },
});
