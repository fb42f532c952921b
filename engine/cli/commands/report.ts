import { REPORT_EVERY } from '../../domain/report.ts';
import { CLOCK_TIME } from '../../domain/schedule.ts';
import type { ReportsJson } from '../../http/json/report.ts';
import { command, flag, oneOf, text } from '../command.ts';
import { wrong } from '../read-args.ts';
import { table } from '../table.ts';
import { showSavings } from './savings.ts';

export const report = command({
  name: 'report',
  takes: [{ name: 'WHAT', say: 'now, schedule, list or remove', optional: true }],
  options: {
    every: oneOf('SPAN', 'daily, weekly (Mondays) or monthly (the first); with now: what it is about', REPORT_EVERY),
    csv: flag('With now: for spreadsheets'),
    guild: text('ID', 'The server in Discord'),
    channel: text('ID', 'The channel in it'),
    time: text('HH:MM', 'When it is posted; 09:00 if missing'),
    zone: text('ZONE', 'At that time in this zone, like Europe/Lisbon; the one of this computer if missing'),
    language: oneOf('WORD', 'en or pt', ['en', 'pt']),
    workspace: text('NAME', 'Of this one only'),
    id: text('ID', 'Which one to remove'),
  },
  examples: [
    ['dumont report now', 'yesterday, here; days are UTC'],
    ['dumont report now --every weekly --csv > week.csv', 'the last whole week'],
    [
      'dumont report schedule --every daily --guild 1 --channel 2',
      'posted by the bot; of those due while the engine was off, the last one',
    ],
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
    const { every = 'daily', csv, guild, channel, time = '09:00', language, workspace, id } = options;
    const takes = TAKES[what];
    if (takes === undefined) throw wrong(report, `knows now, schedule, list and remove, not "${what}"`);
    const odd = Object.entries(options).find(
      ([name, value]) => OWN.has(name) && value !== undefined && value !== false && !takes.includes(name),
    );
    if (odd) throw wrong(report, `${what}: --${odd[0]} has nothing to say there${HINTS[odd[0]] ?? ''}`);
    if (what === 'now') {
      const title = `The ${every} report of ${workspace ?? 'all workspaces'}, ${OF[every]} (UTC):`;
      return await showSavings(workspace, { period: PERIOD[every], csv }, given, { name: 'report', title });
    }
    if (what === 'schedule') {
      if (guild === undefined || channel === undefined) throw wrong(report, 'needs --guild and --channel');
      for (const [name, given] of Object.entries({ guild, channel }))
        if (!/^\d{1,20}$/.test(given))
          throw wrong(report, `: --${name}: expected an id of Discord, of digits, not "${given}"`);
      if (!CLOCK_TIME.test(time.padStart(5, '0')))
        throw wrong(report, `: --time: expected a time like 09:00, not "${time}"`);
      const zone = options.zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
      const body = { every, guild, channel, time: time.padStart(5, '0'), zone, language, instance_id: workspace };
      await engine.post('/api/v1/reports', body, signal);
    } else if (what === 'remove') {
      if (id === undefined) throw wrong(report, 'needs --id');
      await engine.remove(`/api/v1/reports/${encodeURIComponent(id)}`, {}, signal);
    }
    const { reports } = await engine.get<ReportsJson>('/api/v1/reports', {}, signal);
    if (screen.json) screen.printJson({ reports });
    else if (reports.length === 0) screen.print('No report is posted by itself.');
    else screen.print(...lines(reports, screen));
    return 0;
  },
});

const PERIOD = { daily: 'yesterday', weekly: 'week', monthly: 'month' } as const;
const OF = { daily: 'yesterday', weekly: 'the last whole week', monthly: 'the last whole month' } as const;

/** What each of them understands; anything else would be passed over. */
const TAKES: Readonly<Record<string, readonly string[]>> = {
  now: ['every', 'workspace', 'csv'],
  schedule: ['every', 'guild', 'channel', 'time', 'zone', 'language', 'workspace'],
  list: [],
  remove: ['id'],
};
const OWN: ReadonlySet<string> = new Set(Object.values(TAKES).flat());
const HINTS: Readonly<Record<string, string>> = {
  zone: ': days are UTC; it says at what time a report that is posted by itself is due',
};

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
