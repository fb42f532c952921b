import { SNAPSHOT_KINDS } from '../../domain/snapshot.ts';
import { command, flag, oneOf, text, WORKSPACE } from '../command.ts';
import { sinceLocalTime, untilLocalTime } from '../local-time.ts';
import { wrong } from '../read-args.ts';
import { showRetention, showSnapshots } from '../show-snapshots.ts';

export const snapshots = command({
  name: 'snapshots',
  takes: [WORKSPACE],
  options: {
    kind: oneOf('KIND', 'Only these: automatic, manual or pre-failover', SNAPSHOT_KINDS),
    tag: text('TAG', 'Only those with this tag'),
    since: text('"YYYY-MM-DD HH:MM"', 'Only those from then on, in the local time zone'),
    until: text('"YYYY-MM-DD HH:MM"', 'Only those up to then'),
    retention: flag('For each one whether it stays or goes, until when and why; changes nothing'),
  },
  examples: [
    ['dumont snapshots lab', 'newest first; identical content is one row'],
    ['dumont snapshots lab --kind manual --tag paper', ''],
    ['dumont snapshots lab --retention', 'what would go now and what stays, and why'],
  ],
  async run({ words: [name = ''], options: { kind, tag, since, until, retention }, engine, screen, signal }) {
    const wanted = { kind, tag, since: momentOf(since, sinceLocalTime), until: momentOf(until, untilLocalTime) };
    if (retention && Object.values(wanted).some((one) => one !== undefined))
      throw wrong(snapshots, 'takes --retention alone: it is about all of them');
    if (retention) await showRetention(name, engine, screen, signal);
    else await showSnapshots(name, wanted, engine, screen, signal);
    return 0;
  },
});

const momentOf = (date: string | undefined, read: (given: string) => number): string | undefined =>
  date === undefined ? undefined : new Date(read(date)).toISOString();
