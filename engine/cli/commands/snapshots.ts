import { command, text, WORKSPACE } from '../command.ts';
import { readLocalTime } from '../local-time.ts';
import { showSnapshots } from '../show-snapshots.ts';

export const snapshots = command({
  name: 'snapshots',
  takes: [WORKSPACE],
  options: {
    kind: text('KIND', 'Only these: automatic, manual or pre-failover'),
    tag: text('TAG', 'Only those with this tag'),
    since: text('"YYYY-MM-DD HH:MM"', 'Only those from then on, in the local time zone'),
    until: text('"YYYY-MM-DD HH:MM"', 'Only those up to then'),
  },
  examples: [
    ['dumont snapshots lab', 'newest first; identical content is one row'],
    ['dumont snapshots lab --kind manual --tag paper', ''],
  ],
  async run({ words: [name = ''], options: { kind, tag, since, until }, engine, screen, signal }) {
    const wanted = { kind, tag, since: momentOf(since), until: momentOf(until) };
    await showSnapshots(name, wanted, engine, screen, signal);
    return 0;
  },
});

const momentOf = (date: string | undefined): string | undefined =>
  date === undefined ? undefined : new Date(readLocalTime(date)).toISOString();
