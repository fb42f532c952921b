import type { DifferencesJson, EntriesJson } from '../../http/json/files.ts';
import { allPages } from '../all-pages.ts';
import { chooseSnapshot, snapshotWords } from '../choose-snapshot.ts';
import { command, flag, text, WORKSPACE } from '../command.ts';
import { localTime } from '../local-time.ts';
import { table } from '../table.ts';
import { bytes, count } from '../words.ts';

export const files = command({
  name: 'files',
  takes: [
    WORKSPACE,
    { name: 'PATH', say: 'A directory, or with --diff also a file; the top if missing', optional: true },
  ],
  options: {
    snapshot: text('ID', 'Of this snapshot; the newest good one if missing'),
    latest: flag('Of the newest good one'),
    date: text('"YYYY-MM-DD HH:MM"', 'As it was then, in the local time zone'),
    diff: text('ID', 'What became other from that snapshot to this one'),
  },
  examples: [
    ['dumont files lab /workspace', 'what is saved there, without a machine'],
    ['dumont files lab --date "2024-01-15 14:30" /workspace/runs', 'and what was there then'],
    ['dumont files lab --diff a1b2c3d4', 'what changed since that snapshot'],
  ],
  async run({ words: [name = '', path = ''], options, engine, screen, signal }) {
    const { snapshot, date, diff } = options;
    const below = path.replace(/^\/+|\/+$/g, '');
    const query = { instance_id: name, ...(below !== '' && { path: below }) };
    const choice = { snapshot, date, latest: options.latest || (snapshot === undefined && date === undefined) };
    const chosen = await chooseSnapshot(name, choice, files, engine, signal);
    screen.note(snapshotWords(chosen));
    if (diff !== undefined) {
      const url = `/api/v1/snapshots/${encodeURIComponent(diff)}/diff`;
      const found = await allPages<DifferencesJson>(engine, url, { ...query, with: chosen.id }, 'differences', signal);
      if (screen.json) screen.printJson(found);
      else screen.print(...differenceLines(found));
      return 0;
    }
    const answer = await allPages<EntriesJson>(
      engine,
      `/api/v1/snapshots/${chosen.id}/files`,
      query,
      'entries',
      signal,
    );
    if (screen.json) screen.printJson(answer);
    else if (answer.entries.length === 0) screen.note('There is nothing in it.');
    else
      screen.print(
        ...table<EntriesJson['entries'][number]>(
          [
            { title: 'SIZE', of: (it) => bytes(it.size_bytes), align: 'right' },
            { title: 'FILES', of: (it) => (it.type === 'dir' ? count(it.files) : ''), align: 'right' },
            { title: 'CHANGED', of: (it) => localTime(it.mtime) },
            { title: 'NAME', of: (it) => (it.type === 'dir' ? `${it.name}/` : it.name), min: 12 },
          ],
          answer.entries,
          screen,
        ),
      );
    return 0;
  },
});

const SIGN = { added: '+', removed: '-', changed: '~' } as const;

function differenceLines({ differences, counts }: DifferencesJson): string[] {
  const { added, removed, changed } = counts;
  if (added + removed + changed === 0) return ['They hold the same.'];
  return [
    ...differences.map(
      ({ change, path, bytes_before: before, bytes_after: after }) =>
        `${SIGN[change]} /${path}  ${change === 'changed' && before !== after ? `${bytes(before)} → ` : ''}${bytes(change === 'removed' ? before : after)}`,
    ),
    `${count(added)} added, ${count(removed)} removed, ${count(changed)} changed.`,
  ];
}
