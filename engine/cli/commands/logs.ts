import type { EventJson, EventsJson } from '../../http/json/event.ts';
import { command, flag, number } from '../command.ts';
import { eventFeed } from '../event-feed.ts';
import { eventWords } from '../event-words.ts';
import { INTERRUPTED } from '../exit-codes.ts';
import { clockTime, localTime } from '../local-time.ts';
import type { Screen } from '../screen.ts';

const LAST = 100;

export const logs = command({
  name: 'logs',
  takes: [{ name: 'NAME', say: 'Only this workspace', optional: true }],
  options: {
    follow: flag('Stay and print what happens from now on too'),
    last: number('COUNT', `Only the last ones (${LAST} unless told)`),
    progress: flag('Also how far restores and saves are, step by step'),
  },
  examples: [
    ['dumont logs lab', 'what happened to it'],
    ['dumont logs --follow', 'everything, as it happens'],
  ],
  async run({ words: [name], options, engine, screen, signal }) {
    const print = printer({ progress: options.progress, named: name === undefined }, screen);
    const query = { instance_id: name, limit: Math.max(1, options.last ?? LAST), progress: options.progress };
    const { events } = await engine.get<EventsJson>('/api/v1/events', query, signal);
    for (const event of events) print(event);
    if (!options.follow) {
      if (events.length === 0 && !screen.json) screen.note('Nothing happened yet.');
      return 0;
    }
    try {
      for await (const fed of eventFeed(engine, name, events.at(-1)?.number ?? 0, signal)) {
        if (fed.kind === 'told') print(fed.event);
        if (fed.kind === 'lost')
          screen.note(`${clockTime(Date.now())}  the connection was lost (${fed.why}); trying again`);
      }
    } catch (thrown) {
      if (!signal.aborted) throw thrown;
    }
    return INTERRUPTED;
  },
});

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
