import { LEVELS } from '../../domain/log.ts';
import type { EventJson, EventsJson } from '../../http/json/event.ts';
import { command, flag, type Given, number, text } from '../command.ts';
import { eventFeed } from '../event-feed.ts';
import { eventWords } from '../event-words.ts';
import { localTime } from '../local-time.ts';
import { printFeed } from '../print-feed.ts';
import { wrong } from '../read-args.ts';
import type { Screen } from '../screen.ts';
import { showLog } from '../show-log.ts';

const LAST = 100;

const OPTIONS = {
  follow: flag('Stay and print what happens from now on too'),
  lines: number('COUNT', `Only the last ones (${LAST} unless told)`),
  progress: flag('Also how far restores and saves are, step by step'),
  level: text('LEVEL', `The whole log, the machine's lines too, from this level on: ${LEVELS.join(', ')}`),
  date: text('DAY', 'The whole log of one UTC day, like 2024-01-15'),
};

export const logs = command({
  name: 'logs',
  takes: [{ name: 'NAME', say: 'Only this workspace', optional: true }],
  options: OPTIONS,
  examples: [
    ['dumont logs lab', 'what happened to it'],
    ['dumont logs --follow', 'everything, as it happens'],
    ['dumont logs lab --level warning', 'what went wrong, as its log has it'],
    ['dumont logs lab --date 2024-01-15', 'every line of that day'],
  ],
  async run(given) {
    const [name] = given.words;
    const { level, date, progress, lines = LAST, follow } = given.options;
    const count = Math.max(1, lines);
    if (level === undefined && date === undefined) return await told(name, count, given);
    if (name === undefined) throw wrong(logs, 'needs NAME with --level or --date: each workspace has a log of its own');
    if (progress) throw wrong(logs, 'takes either --progress or --level and --date');
    if (date !== undefined && follow) throw wrong(logs, 'takes either --date or --follow');
    if (date !== undefined && !isDay(date)) throw wrong(logs, `--date: expected a day like 2024-01-15, not "${date}"`);
    const least = LEVELS.find((one) => one === (level ?? 'DEBUG').toUpperCase());
    if (!least) throw wrong(logs, `--level is one of ${LEVELS.join(', ')}, not "${level}"`);
    return await showLog(name, { least, date, count, follow }, given);
  },
});

/** Of the calendar, too. */
function isDay(text: string): boolean {
  const at = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(at) && new Date(at).toISOString().slice(0, 10) === text;
}

async function told(
  name: string | undefined,
  count: number,
  { options, engine, screen, signal }: Given<typeof OPTIONS>,
): Promise<number> {
  const print = printer({ progress: options.progress, named: name === undefined }, screen);
  const query = { instance_id: name, limit: count, progress: options.progress };
  const { events } = await engine.get<EventsJson>('/api/v1/events', query, signal);
  for (const event of events) print(event);
  if (!options.follow) {
    if (events.length === 0 && !screen.json) screen.note('Nothing happened yet.');
    return 0;
  }
  return await printFeed(eventFeed(engine, name, events.at(-1)?.number ?? 0, signal), print, screen, signal);
}

function printer(show: { progress: boolean; named: boolean }, screen: Screen): (event: EventJson) => void {
  let day = localTime(Date.now()).slice(0, 10);
  return (event) => {
    if (screen.json) return screen.printJson(event);
    if (!show.progress && event.event.endsWith('.progress')) return;
    const [on = '', at = ''] = localTime(event.at, true).split(' ');
    if (on !== day) screen.print(screen.paint('dim', on));
    day = on;
    const subject = show.named && event.instance_id ? `${screen.paint('bold', event.instance_id)}: ` : '';
    screen.print(`${screen.paint('dim', at)}  ${subject}${eventWords(event)}`);
  };
}
