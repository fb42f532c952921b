import { DAY_MS } from '../domain/ledger.ts';
import type { FatesJson } from '../http/json/fate.ts';
import type { SnapshotsJson } from '../http/json/snapshot.ts';
import type { EngineClient } from './engine-client.ts';
import { localTime } from './local-time.ts';
import type { Screen } from './screen.ts';
import { table } from './table.ts';
import { ago, bytes, count, plural, short, timeOf } from './words.ts';

type Listed = SnapshotsJson['snapshots'][number];

export interface Wanted {
  readonly kind?: string | undefined;
  readonly tag?: string | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}

/** The newest first, identical content once. */
export async function showSnapshots(
  name: string,
  wanted: Wanted,
  engine: EngineClient,
  screen: Screen,
  signal: AbortSignal,
): Promise<void> {
  const answer = await engine.get<SnapshotsJson>('/api/v1/snapshots', { instance_id: name, ...wanted }, signal);
  if (screen.json) return screen.printJson(answer);
  const { snapshots, next_cursor } = answer;
  const filtered = Object.values(wanted).some((one) => one !== undefined);
  if (snapshots.length > 0) screen.print(...rowsOf(snapshots, screen));
  else if (filtered) screen.note(`No snapshot of ${name} is like that.`);
  else screen.note(`${name} has no snapshots yet. It gets one when it hibernates, or by "dumont snapshot ${name}".`);
  if (next_cursor !== null) screen.note('There are more; --since and --until show a part of them.');
}

/** What would stay and what would go if they were thinned now, and why; every one of them. Changes nothing. */
export async function showRetention(
  name: string,
  engine: EngineClient,
  screen: Screen,
  signal: AbortSignal,
): Promise<void> {
  const answer = await engine.get<FatesJson>('/api/v1/snapshots/retention', { instance_id: name }, signal);
  if (screen.json) return screen.printJson(answer);
  const rows = answer.snapshots.toSorted((a, b) => timeOf(b.created_at) - timeOf(a.created_at));
  if (rows.length === 0) return screen.note(`${name} has no snapshots yet.`);
  screen.print(
    ...table<(typeof rows)[number]>(
      [
        { title: 'ID', of: (it) => short(it.id), style: () => 'bold' },
        { title: 'TAKEN', of: (it) => localTime(it.created_at) },
        { title: 'KIND', of: (it) => it.kind, drop: 1 },
        { title: '', of: (it) => (it.stays ? 'stays' : 'goes'), style: (it) => (it.stays ? 'green' : 'yellow') },
        { title: 'UNTIL', of: (it) => (it.until === null ? '' : localTime(it.until)) },
        { title: 'WHY', of: whyOf, min: 20 },
      ],
      rows,
      screen,
    ),
  );
  const going = rows.filter(({ stays }) => !stays);
  screen.note(
    going.length === 0
      ? 'None would go now. Nothing was changed.'
      : `${plural(going.length, 'snapshot')} would go with the next upkeep. Nothing was changed.`,
  );
}

function whyOf({ why, soonest, same_content_id: same }: FatesJson['snapshots'][number]): string {
  const sooner = soonest === null ? '' : `; sooner, from ${localTime(soonest)}, if a later one takes its place`;
  return `${why}${sooner}${same === null ? '' : ` (${short(same)} holds the same)`}`;
}

function rowsOf(rows: readonly Listed[], { width, paint }: Screen): string[] {
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
        title: 'KEPT',
        of: (it) => keptOf(it, now),
        style: (it) => (it.retention?.stays === false ? 'yellow' : null),
        drop: 2,
      },
      { title: 'DESCRIPTION', of: descriptionOf, min: 12, drop: 1 },
    ],
    rows,
    { width, paint },
  );
}

function descriptionOf(it: Listed): string {
  const same = it.same_content_ids.length;
  const parts = [
    it.description,
    ...it.tags.map((tag) => `#${tag}`),
    ...Object.entries(it.extra).map(extraWords),
    ...(it.named ? [it.named.description, ...it.named.tags.map((tag) => `#${tag}`), `as ${short(it.named.id)}`] : []),
    ...(same === 0 ? [] : [`(and ${count(same)} of the same content)`]),
  ];
  const said = [...new Set(parts)].filter(Boolean).join(' ');
  const failed = it.status === 'FAILED' ? it.error_message : null;
  return [said, failed].filter(Boolean).join(' · ');
}

/** Where a workspace that was made of a snapshot came from is said as its own description says it. */
function extraWords([name, value]: [string, unknown]): string {
  const [workspace = '', id] = String(value).split('/');
  if ((name === 'cloned_from' || name === 'shared_from') && id) return `of ${workspace}, ${short(id)}`;
  return name === 'shared_by' ? `shared by ${value}` : `${name}=${value}`;
}

/** Until when it is there; that somebody pinned it; nothing where it stays as long as it is the newest. */
function keptOf({ retention }: Listed, now: number): string {
  if (!retention) return '';
  if (retention.pinned_by !== null) return 'pinned';
  if (!retention.stays) return 'goes now';
  const { until, soonest } = retention;
  if (until === null) return 'stays';
  const soon = timeOf(until) - now < 2 * DAY_MS;
  return `to ${soon ? localTime(until) : localTime(until).slice(0, 10)}${soonest === null ? '' : ' at most'}`;
}

function stateOf(it: Listed): string {
  if (it.status !== 'COMPLETED') return it.status.toLowerCase();
  if (it.partial) return 'partial';
  if (it.error_message !== null) return 'with gaps';
  return it.proved_at === null ? 'not proved' : 'proved';
}
