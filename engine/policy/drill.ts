import type { DrillView } from '../domain/doors.ts';
import type { UpkeepLimits } from '../domain/settings.ts';
import { quantile } from './times.ts';

interface Sized {
  readonly path: string;
  readonly sizeBytes: number;
}

/**
 * What of a snapshot is restored to try it. One that the control host has no room for is tried in part, drawn by chance, so
 * that sooner or later every file has its turn; a single file that is larger than the room has none.
 */
export function sampleOf<T extends Sized>(
  files: readonly T[],
  { drillBytesMax, drillFilesMax }: Pick<UpkeepLimits, 'drillBytesMax' | 'drillFilesMax'>,
  random: () => number,
): { readonly chosen: readonly T[]; readonly whole: boolean } {
  if (bytesOf(files) <= drillBytesMax) return { chosen: files, whole: true };
  const left = [...files];
  const chosen: T[] = [];
  let room = drillBytesMax;
  while (left.length > 0 && chosen.length < drillFilesMax) {
    const at = Math.floor(random() * left.length);
    const file = left[at]!;
    left[at] = left.at(-1)!;
    left.pop();
    if (file.sizeBytes > room) continue;
    room -= file.sizeBytes;
    chosen.push(file);
  }
  return { chosen, whole: false };
}

export const bytesOf = (files: readonly Sized[]): number => files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);

/** The newest first. Only one that brought all of a snapshot says how long a restore takes. */
export function viewOfDrills(all: DrillView['all']): DrillView {
  const times = all.filter(({ ok, part }) => ok && !part).map(({ ms }) => ms);
  const at = (share: number): number | null => (times.length === 0 ? null : quantile(times, share));
  return { p50Ms: at(0.5), p95Ms: at(0.95), samples: times.length, last: all[0] ?? null, all };
}
