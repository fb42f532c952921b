import type { ReportsJson } from '../../http/json/report.ts';
import { command, text } from '../command.ts';
import { wrong } from '../read-args.ts';
import { table } from '../table.ts';
import { savings } from './savings.ts';

export const report = command({
  name: 'report',
  takes: [{ name: 'WHAT', say: 'now, schedule, list or remove', optional: true }],
  options: {
    every: text('SPAN', 'daily, weekly (Mondays) or monthly (the first); with now: what it is about'),
    guild: text('ID', 'The server in Discord'),
    channel: text('ID', 'The channel in it'),
    time: text('HH:MM', 'When it is posted; 09:00 if missing'),
    zone: text('ZONE', 'On the clocks of this zone, like Europe/Lisbon; the one of this computer if missing'),
    language: text('WORD', 'en or pt'),
    workspace: text('NAME', 'Of this one only'),
    id: text('ID', 'Which one to remove'),
  },
  examples: [
    ['dumont report now --every weekly', 'the last whole week, here'],
    ['dumont report schedule --every daily --guild 1 --channel 2', 'posted by the bot, in its channel'],
    ['dumont report list', ''],
    ['dumont report remove --id rp1', ''],
  ],
  async run(given) {
    const {
      words: [what = 'list'],
      options,
      engine,
      screen,
      signal,
    } = given;
    const { every = 'daily', guild, channel, time = '09:00', language, workspace, id } = options;
    if (what === 'now') {
      const period = { daily: 'yesterday', weekly: 'week', monthly: 'month' }[every];
      if (period === undefined) throw wrong(report, 'knows daily, weekly and monthly');
      const words = workspace === undefined ? [] : [workspace];
      return await savings.run({ ...given, words, options: { period } });
    }
    if (what === 'schedule') {
      if (guild === undefined || channel === undefined) throw wrong(report, 'needs --guild and --channel');
      const zone = options.zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
      const body = { every, guild, channel, time: time.padStart(5, '0'), zone, language, instance_id: workspace };
      await engine.post('/api/v1/reports', body, signal);
    } else if (what === 'remove') {
      if (id === undefined) throw wrong(report, 'needs --id');
      await engine.remove(`/api/v1/reports/${encodeURIComponent(id)}`, {}, signal);
    } else if (what !== 'list') throw wrong(report, `knows now, schedule, list and remove, not "${what}"`);
    const { reports } = await engine.get<ReportsJson>('/api/v1/reports', {}, signal);
    if (screen.json) screen.printJson({ reports });
    else if (reports.length === 0) screen.print('No report is posted by itself.');
    else screen.print(...lines(reports, screen));
    return 0;
  },
});

type Row = ReportsJson['reports'][number];

function lines(rows: readonly Row[], screen: Parameters<typeof table>[2]): string[] {
  return table<Row>(
    [
      { title: 'ID', of: ({ id }) => id, style: () => 'bold' },
      { title: 'WHEN', of: ({ every, time, zone }) => `${every} ${time} ${zone}` },
      { title: 'CHANNEL', of: ({ channel }) => channel },
      { title: 'OF', of: ({ instance_id }) => instance_id ?? 'all', drop: 1 },
      { title: 'SET BY', of: ({ set_by }) => set_by, drop: 2 },
    ],
    rows,
    screen,
  );
}
