import { Failure } from '../domain/failures.ts';
import type { BackupJson } from '../http/json/backup.ts';
import type { SnapshotsJson } from '../http/json/snapshot.ts';
import type { EngineClient } from './engine-client.ts';
import { localTime, untilLocalTime, zoneAt } from './local-time.ts';
import { wrong } from './read-args.ts';
import { bytes, plural, short, timeOf } from './words.ts';

/** How a person says which snapshot they mean. */
export interface Choice {
  readonly snapshot: string | undefined;
  readonly latest: boolean;
  readonly date: string | undefined;
}

export type Chosen = Omit<BackupJson, 'project_id'>;

/** The one they mean: by its id or the beginning of it, or the newest good one that there is, or was at that moment. */
export async function chooseSnapshot(
  name: string,
  { snapshot: id, latest, date }: Choice,
  command: { readonly name: string },
  engine: EngineClient,
  signal: AbortSignal,
): Promise<Chosen> {
  if ([id !== undefined, latest, date !== undefined].filter(Boolean).length !== 1)
    throw wrong(command, 'needs one of --snapshot ID, --latest and --date "YYYY-MM-DD HH:MM"');
  if (id?.trim() === '') throw wrong(command, 'with --snapshot needs the id of a snapshot, or the beginning of it');
  if (id !== undefined)
    return await engine.get<BackupJson>(
      `/api/v1/backup/info/${encodeURIComponent(name)}/${encodeURIComponent(id)}`,
      {},
      signal,
    );
  const at = date === undefined ? undefined : untilLocalTime(date);
  const query = {
    instance_id: name,
    good: true,
    limit: 1,
    ...(at !== undefined && { until: new Date(at).toISOString() }),
  };
  const { snapshots } = await engine.get<SnapshotsJson>('/api/v1/snapshots', query, signal);
  if (snapshots[0]) return snapshots[0];
  const when = at === undefined ? '' : ` of ${localTime(at)} (${zoneAt(at)}) or before`;
  throw new Failure('no_good_snapshot', { workspace: name, when });
}

export function snapshotWords({ id, created_at, size_bytes, file_count, description }: Chosen): string {
  const at = timeOf(created_at);
  const what = `${plural(file_count, 'file')}, ${bytes(size_bytes)}`;
  return `snapshot ${short(id)} of ${localTime(at)} (${zoneAt(at)}): ${what}${description ? `, "${description}"` : ''}`;
}
