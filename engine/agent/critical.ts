import type { ManifestLine } from '../domain/agent-protocol.ts';
import { DAY_MS } from '../domain/ledger.ts';

/**
 * What a person needs before they can start: keys, dotfiles, code with its history, and environments with everything in
 * them. That is everything but large files elsewhere, which are data: models, checkpoints, media.
 */
export function isCritical(line: Pick<ManifestLine, 'type' | 'sizeBytes' | 'path'>): boolean {
  return (
    line.type !== 'file' || line.sizeBytes <= LARGE_BYTES || ENVIRONMENT.test(line.path) || HISTORY.test(line.path)
  );
}

/**
 * Of the data, what somebody wrote or had open on the last day that anybody did: the model they work on comes before those
 * that only lie there. What claims to be of the future says nothing.
 */
export function usedLast(data: readonly ManifestLine[], now: number): ReadonlySet<ManifestLine> {
  const at = ({ mtimeMs, usedMs = 0 }: ManifestLine): number => Math.max(mtimeMs > now + DAY_MS ? 0 : mtimeMs, usedMs);
  const last = data.reduce((latest, line) => Math.max(latest, at(line)), 0);
  return new Set(data.filter((line) => at(line) > last - DAY_MS));
}

const LARGE_BYTES = 16 * 1024 * 1024;
const ENVIRONMENT = /\/(lib\/python[^/]*\/(site|dist)-packages|[^/]*(conda|mamba)[^/]*|\.?v?envs?|bin|\.ssh)\//;
/** Without its packs git does not even say what changed. What it keeps elsewhere (LFS) is data. */
const HISTORY = /\/\.git\/(?!lfs\/)/;
