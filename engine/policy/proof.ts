import type { StoredFile } from '../domain/ports.ts';
import type { SaveLimits } from '../domain/settings.ts';

type Named = Pick<StoredFile, 'path' | 'sizeBytes'>;
type Limits = Pick<SaveLimits, 'newestCompared' | 'randomCompared' | 'comparedBytesMax'>;

/** A file that is dated into the future would be the newest for good: nobody knows when it changed. */
export function newestFirst(files: readonly StoredFile[], now: number): readonly StoredFile[] {
  const changedAt = ({ mtimeMs }: StoredFile): number => (mtimeMs > now + CLOCK_MS ? 0 : mtimeMs);
  return files.toSorted((a, b) => changedAt(b) - changedAt(a));
}

/**
 * Which files are read back out of storage: the newest, since work that was just done is what a bad backup misses first, and
 * random ones that a machine cannot know in advance. Of large ones as many as the limit has room for, or whoever trains
 * would wait, on a machine that is paid for, until its last ten checkpoints came back. Nothing else holds it after a last save:
 * `last` reads the very newest file whatever its size, and the newest that is too large otherwise, since a checkpoint is
 * written before the notes about it. Where no file fits the smallest is read. Names that are not UTF-8 are left out; restic
 * shows them altered.
 */
export function challengeOf(
  byAge: readonly Named[],
  { newestCompared, randomCompared, comparedBytesMax }: Limits,
  random: () => number,
  { last }: { readonly last: boolean },
): readonly string[] {
  const askable = byAge.filter(({ path }) => !path.includes('\uFFFD') && path.isWellFormed());
  const chosen = new Set<Named>();
  let bytesLeft = comparedBytesMax;
  const take = (file: Named): void => {
    if (file.sizeBytes > bytesLeft) return;
    bytesLeft -= file.sizeBytes;
    chosen.add(file);
  };
  const large = askable.find(({ sizeBytes }) => sizeBytes > comparedBytesMax);
  if (last) for (const file of [askable[0], large]) if (file) chosen.add(file);
  for (const file of askable) {
    if (chosen.size >= newestCompared) break;
    if (!chosen.has(file)) take(file);
  }
  const most = chosen.size + randomCompared;
  const rest = askable.filter((file) => !chosen.has(file) && file.sizeBytes <= bytesLeft);
  while (chosen.size < most && rest.length > 0) {
    // The last one takes its place, so that a choice out of 100,000 moves none of them.
    const at = Math.floor(random() * rest.length);
    const file = rest[at]!;
    rest[at] = rest.at(-1)!;
    rest.pop();
    take(file);
  }
  const read = chosen.size > 0 ? [...chosen] : askable.toSorted((a, b) => a.sizeBytes - b.sizeBytes).slice(0, 1);
  return read.map(({ path }) => path);
}

/** A machine's clock may be so far from ours before anybody complains. */
const CLOCK_MS = 10 * 60_000;
