import { readMoment } from '../../domain/schedule.ts';
import type { WorkspaceJson } from '../../http/json/instance.ts';
import { command, text, WORKSPACE } from '../command.ts';
import { wrong } from '../read-args.ts';
import { scheduleWords } from '../schedule-words.ts';

export const schedule = command({
  name: 'schedule',
  takes: [WORKSPACE],
  options: {
    wake: text('WHEN', 'Wake it then: "weekdays 08:45", "mon,thu 7:30", "daily 06:00"'),
    sleep: text('WHEN', 'Put it to sleep then, after the usual warning'),
    zone: text('ZONE', 'The time zone of WHEN, like Europe/Lisbon; the one of this computer if missing'),
    end: text('ID', 'Not any longer'),
  },
  examples: [
    ['dumont schedule lab --wake "weekdays 08:45"', 'awake when you sit down'],
    ['dumont schedule lab --sleep "weekdays 19:00" --zone America/Sao_Paulo', ''],
    ['dumont schedule lab', 'what it does by itself'],
    ['dumont schedule lab --end s1', ''],
  ],
  async run({ words: [name = ''], options, engine, screen, signal }) {
    const { wake, sleep, end } = options;
    const zone = options.zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (end !== undefined && (wake ?? sleep) !== undefined) throw wrong(schedule, 'takes --end alone');
    const wanted = [
      ...(wake === undefined ? [] : [{ want: 'awake', ...momentOf(wake), zone }]),
      ...(sleep === undefined ? [] : [{ want: 'asleep', ...momentOf(sleep), zone }]),
    ];
    const instance = `/api/v1/instances/${encodeURIComponent(name)}`;
    for (const one of wanted) await engine.post<WorkspaceJson>(`${instance}/schedules`, one, signal);
    if (end !== undefined) await engine.remove(`${instance}/schedules/${encodeURIComponent(end)}`, {}, signal);
    const { schedules } = await engine.get<WorkspaceJson>(instance, {}, signal);
    if (screen.json) screen.printJson({ id: name, schedules });
    else if (schedules.length > 0) screen.print(...schedules.map(scheduleWords));
    else screen.print(`${name} has no schedule.`);
    return 0;
  },
});

function momentOf(given: string): NonNullable<ReturnType<typeof readMoment>> {
  const moment = readMoment(given);
  if (moment) return moment;
  throw wrong(
    schedule,
    `does not understand "${given}". Say days and a time: weekdays 08:45, mon,thu 7:30, daily 06:00`,
  );
}
