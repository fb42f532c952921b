import type { DrillView } from '../domain/doors.ts';
import type { UpkeepLimits } from '../domain/settings.ts';
import { quantile } from './times.ts';

interface Sized {
  readonly path: string;
  readonly sizeBytes: number;
}

export interface DrillPart<T> {
  readonly chosen: readonly T[];
  /** It is all of the snapshot. */
  readonly whole: boolean;
  /** There is room for it. */
  readonly fits: boolean;
  readonly number: number;
  readonly of: number;
}

/**
 * What of a snapshot is restored to try it. One that the control host has no room for is tried in parts by the order of its
 * paths, a part each time, so that after as many drills as there are parts every file had its turn. A file for which alone
 * there is no room is a part of its own.
 */
export function partOf<T extends Sized>(
  files: readonly T[],
  { drillBytesMax, drillFilesMax }: Pick<UpkeepLimits, 'drillBytesMax' | 'drillFilesMax'>,
  turn: number,
): DrillPart<T> {
  if (bytesOf(files) <= drillBytesMax) return { chosen: files, whole: true, fits: true, number: 1, of: 1 };
  const alone = files.filter(({ sizeBytes }) => sizeBytes > drillBytesMax).map((file) => [file]);
  const parts: T[][] = [[]];
  let room = drillBytesMax;
  for (const file of files.filter(({ sizeBytes }) => sizeBytes <= drillBytesMax).toSorted(byPath)) {
    const last = parts.at(-1)!;
    if (last.length > 0 && (file.sizeBytes > room || last.length === drillFilesMax)) {
      parts.push([]);
      room = drillBytesMax;
    }
    parts.at(-1)!.push(file);
    room -= file.sizeBytes;
  }
  const all = [...parts.filter(({ length }) => length > 0), ...alone];
  const at = turn % all.length;
  const chosen = all[at] ?? [];
  return { chosen, whole: false, fits: bytesOf(chosen) <= drillBytesMax, number: at + 1, of: all.length };
}

const byPath = (one: Sized, other: Sized): number => (one.path < other.path ? -1 : 1);

export const bytesOf = (files: readonly Sized[]): number => files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);

/** The newest first. Only one that brought all of a snapshot says how long a restore takes. */
export function viewOfDrills(all: DrillView['all']): DrillView {
  const times = all.filter(({ ok, part }) => ok && !part).map(({ ms }) => ms);
  const at = (share: number): number | null => (times.length === 0 ? null : quantile(times, share));
  return { p50Ms: at(0.5), p95Ms: at(0.95), samples: times.length, last: all[0] ?? null, all };
}
