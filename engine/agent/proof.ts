import { hashFiles } from './hash-files.ts';
import { checkedPath, type Place } from './place.ts';
import type { Entry } from './walk.ts';

/** The files that changed last, newest first: what a bad backup would miss. */
export function newestFiles(entries: readonly Entry[]): readonly string[] {
  const changedMs = (entry: Entry): number => Math.max(entry.mtimeMs, entry.ctimeMs);
  return entries
    .filter((entry) => entry.type === 'file')
    .toSorted((a, b) => changedMs(b) - changedMs(a))
    .slice(0, NEWEST)
    .map((entry) => entry.path);
}

/** What these files hold right now; null for one that is not there. Nothing is taken from memory. */
export async function digestsOf(
  place: Place,
  wires: readonly string[],
  signal: AbortSignal,
): Promise<Record<string, string | null>> {
  const digests: Record<string, string | null> = {};
  const files = wires.map((wire) => ({ path: checkedPath(wire), size: UNKNOWN_BYTES }));
  await hashFiles(
    place,
    files,
    (index, hashed) => {
      digests[wires[index]!] = 'sha256' in hashed ? hashed.sha256 : null;
    },
    signal,
  );
  return digests;
}

const NEWEST = 100;
/** Large enough to go to the threads, one file a batch. */
const UNKNOWN_BYTES = 64 * 1024 * 1024;
