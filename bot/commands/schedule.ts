import type { ScheduleChoice } from '../../engine/domain/doors.ts';
import { Failure } from '../../engine/domain/failures.ts';
import { isZone, readMoment, scheduleWords } from '../../engine/domain/schedule.ts';
import { command, text, WORKSPACE } from '../command.ts';
import { plain } from '../discord/message.ts';
import type { Phrases } from '../words/phrases.ts';

export const schedule = command({
  path: 'schedule',
  verb: 'schedule',
  changes: ({ wake, sleep, end }) => (wake ?? sleep ?? end) !== undefined,
  options: {
    workspace: WORKSPACE,
    wake: text(
      {
        en: 'Wake it then: weekdays 08:45; mon,thu 7:30; daily 06:00',
        pt: 'Acorda nesta hora: weekdays 08:45; mon,thu 7:30; daily 06:00',
      },
      { max: 60 },
    ),
    sleep: text(
      {
        en: 'Put it to sleep then, after the usual warning',
        pt: 'Põe para dormir nesta hora, depois do aviso de sempre',
      },
      { max: 60 },
    ),
    zone: text(
      {
        en: 'The time zone, like America/Sao_Paulo; UTC if missing',
        pt: 'O fuso, como America/Sao_Paulo; sem isto, UTC',
      },
      { max: 60 },
    ),
    end: text({ en: 'The id of one that ends', pt: 'O id de um que acaba' }, { suggests: 'schedule', max: 40 }),
  },
  async run({ options, engine, asked, words }) {
    const { workspace, wake, sleep, zone = 'UTC', end } = options;
    if (!isZone(zone)) throw new Failure('bad_request', { why: words.say.badZone(zone) });
    const wanted = [
      ...(wake === undefined ? [] : [choiceOf('awake', wake, zone, words)]),
      ...(sleep === undefined ? [] : [choiceOf('asleep', sleep, zone, words)]),
    ];
    const [view] = await engine.status(workspace);
    const known = new Set(view?.workspace.schedules.map(sayOf));
    for (const one of wanted) if (!known.has(sayOf(one))) await engine.schedule(workspace, one, asked);
    if (end !== undefined) await engine.unschedule(workspace, end, asked);
    const [now] = await engine.status(workspace);
    const lines = (now?.workspace.schedules ?? []).map(
      (one) => `\`${one.id}\` ${one.want === 'awake' ? '☀️' : '🌙'} ${plain(scheduleWords(one))} · ${plain(one.by)}`,
    );
    return { content: [words.say.schedules(plain(workspace), String(lines.length)), ...lines].join('\n') };
  },
});

const sayOf = (one: ScheduleChoice): string => `${one.want} ${scheduleWords(one)}`;

function choiceOf(want: ScheduleChoice['want'], given: string, zone: string, words: Phrases): ScheduleChoice {
  const moment = readMoment(given);
  if (!moment) throw new Failure('bad_request', { why: words.say.badMoment(given) });
  return { want, ...moment, zone };
}
