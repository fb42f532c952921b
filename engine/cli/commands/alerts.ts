import type { AlertsJson } from '../../http/json/alert.ts';
import { allPages } from '../all-pages.ts';
import { command, flag } from '../command.ts';
import { localTime } from '../local-time.ts';
import type { Screen } from '../screen.ts';

export const alerts = command({
  name: 'alerts',
  takes: [{ name: 'NAME', say: 'Only of this workspace', optional: true }],
  options: { all: flag('Those that are over too') },
  examples: [
    ['dumont alerts', 'what is wrong right now, and what to do'],
    ['dumont alerts lab --all', 'and when it was over'],
  ],
  async run({ words: [name], options: { all }, engine, screen, signal }) {
    const query = { instance_id: name, ...(!all && { open: true }) };
    const answer = await allPages<AlertsJson>(engine, '/api/v1/alerts', query, 'alerts', signal);
    if (screen.json) screen.printJson(answer);
    else if (answer.alerts.length === 0) screen.note(all ? 'Nothing was wrong yet.' : 'Nothing is wrong right now.');
    else for (const one of answer.alerts) screen.print(...lines(one, screen));
    return 0;
  },
});

function lines(one: AlertsJson['alerts'][number], { paint }: Screen): readonly string[] {
  const whose = paint('bold', one.instance_id ?? 'the installation');
  const since = localTime(one.raised_at);
  if (one.resolved_at !== null)
    return [`${paint('green', 'over')}   ${since}  ${whose}: ${one.why} (until ${localTime(one.resolved_at)})`];
  return [`${paint('red', 'wrong')}  ${since}  ${whose}: ${one.why}`, `       ${one.mend}`];
}
