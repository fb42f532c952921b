import type { DrillJson, DrillsJson } from '../../http/json/drill.ts';
import { allPages } from '../all-pages.ts';
import { command, number } from '../command.ts';
import { localTime } from '../local-time.ts';
import { table } from '../table.ts';
import { bytes, count, duration, plural, short } from '../words.ts';

const DRILLS = 20;
/** Of fewer, shares say nothing. */
const SAMPLES_MIN = 5;

export const drills = command({
  name: 'drills',
  takes: [{ name: 'NAME', say: 'Only of this workspace', optional: true }],
  options: { limit: number('COUNT', `No more than this; ${DRILLS} if you do not say`) },
  examples: [['dumont drills lab', 'when its backups were really restored to try them, and how long that took']],
  async run({ words: [name], options: { limit }, engine, screen, signal }) {
    const query = { instance_id: name };
    const answer = await allPages<DrillsJson>(engine, '/api/v1/drills', query, 'drills', signal, limit ?? DRILLS);
    if (screen.json) screen.printJson(answer);
    else if (answer.drills.length === 0)
      screen.note(
        'Nothing was restored to try it yet. That is done once a week, first of all while a workspace sleeps; "dumont drill NAME" does it now.',
      );
    else screen.print(...timesOf(answer), ...rows(answer.drills, screen));
    return 0;
  },
});

function timesOf({ p50_ms, p95_ms, samples }: DrillsJson): readonly string[] {
  if (p50_ms === null || p95_ms === null) return [];
  if (samples < SAMPLES_MIN) return [`${plural(samples, 'snapshot')} came back whole, within ${duration(p95_ms)}.`, ''];
  const times = `half of them within ${duration(p50_ms)}, 95 % within ${duration(p95_ms)}`;
  return [`${count(samples)} snapshots came back whole: ${times}.`, ''];
}

function rows(drills: readonly DrillJson[], screen: Parameters<typeof table>[2]): readonly string[] {
  return table<DrillJson>(
    [
      { title: 'WHEN', of: (it) => localTime(it.at) },
      { title: 'WORKSPACE', of: (it) => it.instance_id, style: () => 'bold' },
      { title: 'SNAPSHOT', of: (it) => short(it.snapshot_id), drop: 2 },
      { title: 'TOOK', of: (it) => duration(it.ms), align: 'right' },
      { title: 'BROUGHT', of: (it) => bytes(it.bytes), align: 'right', drop: 1 },
      { title: 'RESULT', of: (it) => it.why, min: 12, style: (it) => (it.ok ? 'green' : 'red') },
    ],
    drills,
    screen,
  );
}
