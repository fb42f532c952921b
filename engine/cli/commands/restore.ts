import type { OperationJson } from '../../http/json/operation.ts';
import type { SnapshotJson, SnapshotsJson } from '../../http/json/snapshot.ts';
import { snapshotAt } from '../choose-snapshot.ts';
import { command, flag, number, text, WORKSPACE } from '../command.ts';
import { localTime, readLocalTime, zoneAt } from '../local-time.ts';
import { NEED, needOf } from '../need-options.ts';
import { wrong } from '../read-args.ts';
import { wakeAndFollow } from '../wake-and-follow.ts';
import { bytes, plural, short, timeOf } from '../words.ts';

export const restore = command({
  name: 'restore',
  takes: [WORKSPACE],
  options: {
    snapshot: text('ID', 'This one, by its id or the beginning of it'),
    latest: flag('The newest good one'),
    date: text('"YYYY-MM-DD HH:MM"', 'As it was then, in the local time zone'),
    ...NEED,
    cap: number('DOLLARS', 'Stop renting when this wake alone would cost more'),
    detach: flag('Do not follow it'),
  },
  examples: [
    ['dumont restore lab --latest', 'the same as waking it'],
    ['dumont restore lab --date "2024-01-15 14:30"', 'the newest snapshot that existed then'],
    ['dumont restore lab --snapshot a1b2c3d4', 'one from "dumont snapshots lab"'],
  ],
  async run({ words: [name = ''], options, engine, screen, signal }) {
    const { snapshot: id, latest, date } = options;
    if ([id !== undefined, latest, date !== undefined].filter(Boolean).length !== 1) {
      throw wrong(restore, 'needs one of --snapshot ID, --latest and --date "YYYY-MM-DD HH:MM"');
    }
    const at = date === undefined ? Number.POSITIVE_INFINITY : readLocalTime(date);
    const { snapshots } = await engine.get<SnapshotsJson>('/api/v1/snapshots', { instance_id: name }, signal);
    const when = date === undefined ? 'newest good' : `of ${localTime(at)} (${zoneAt(at)}) or before`;
    const chosen = id === undefined ? snapshotAt(snapshots, at, name, when) : byId(snapshots, id);
    if (chosen) screen.note(`Restoring ${name} ${snapshotWords(chosen)}.`);
    const body = { instance_id: name, need: needOf(options), cap_dollars: options.cap };
    const path = `/api/v1/snapshots/${encodeURIComponent(chosen?.id ?? id ?? '')}/restore`;
    const ask = () => engine.post<OperationJson>(path, body, signal);
    return await wakeAndFollow(name, ask, { engine, screen, signal, detach: options.detach });
  },
});

/** Undefined when it names none or several: the engine then says which. */
function byId(snapshots: readonly SnapshotJson[], id: string): SnapshotJson | undefined {
  const found = snapshots.filter((each) => each.id.startsWith(id));
  return found.length === 1 ? found[0] : undefined;
}

function snapshotWords({ id, created_at, size_bytes, file_count, description }: SnapshotJson): string {
  const at = timeOf(created_at);
  const what = `${plural(file_count, 'file')}, ${bytes(size_bytes)}`;
  return `to snapshot ${short(id)} of ${localTime(at)} (${zoneAt(at)}): ${what}${description ? `, "${description}"` : ''}`;
}
