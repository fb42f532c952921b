import type { SnapshotsJson } from '../../http/json/snapshot.ts';
import { command, WORKSPACE } from '../command.ts';
import { localTime } from '../local-time.ts';
import { table } from '../table.ts';
import { ago, bytes, count, short } from '../words.ts';

export const snapshots = command({
  name: 'snapshots',
  takes: [WORKSPACE],
  examples: [['dumont snapshots lab', 'newest first']],
  async run({ words: [name = ''], engine, screen, signal }) {
    const answer = await engine.get<SnapshotsJson>('/api/v1/snapshots', { instance_id: name }, signal);
    if (screen.json) screen.printJson(answer);
    if (screen.json) return 0;
    const list = answer.snapshots;
    if (list.length === 0)
      screen.note(`${name} has no snapshots yet. It gets one when it hibernates, or by "dumont snapshot ${name}".`);
    else screen.print(...rowsOf(list, screen.width));
    return 0;

    function rowsOf(rows: SnapshotsJson['snapshots'], width: number): string[] {
      const now = Date.now();
      return table(
        [
          { title: 'ID', of: (it) => short(it.id), style: () => 'bold' },
          { title: 'TAKEN', of: (it) => localTime(it.created_at) },
          { title: 'AGE', of: (it) => ago(it.created_at, now), drop: 3, style: () => 'dim' },
          { title: 'KIND', of: (it) => it.kind, drop: 2 },
          { title: 'SIZE', of: (it) => bytes(it.size_bytes), align: 'right' },
          { title: 'FILES', of: (it) => count(it.file_count), align: 'right', drop: 4 },
          { title: 'STATE', of: stateOf, style: (it) => (stateOf(it) === 'proved' ? 'green' : 'yellow') },
          {
            title: 'DESCRIPTION',
            of: (it) => [it.description, ...it.tags.map((tag) => `#${tag}`)].filter(Boolean).join(' '),
            min: 12,
            drop: 1,
          },
        ],
        rows,
        { width, paint: screen.paint },
      );
    }
  },
});

function stateOf(it: SnapshotsJson['snapshots'][number]): string {
  if (it.status !== 'COMPLETED') return it.status.toLowerCase();
  if (it.partial) return 'partial';
  if (it.error_message !== null && it.status === 'COMPLETED') return 'with gaps';
  return it.proved_at === null ? 'not proved' : 'proved';
}
