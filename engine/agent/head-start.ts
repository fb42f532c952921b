import { mkdirSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { writeWhole } from '../files/whole-file.ts';
import { cachedAt, unpackHeadStart } from '../restic/head-start.ts';
import type { Place } from './place.ts';
import { fetchObject } from './transfer.ts';

/**
 * Lays what the control host left beside the data into restic's cache, where nothing is yet. Nothing depends on it: without
 * it, or with one that is old, damaged or slow to come, restic asks storage for what it lacks.
 */
export async function takeHeadStart(place: Place, url: string, signal: AbortSignal): Promise<void> {
  const cache = resticCache(place);
  try {
    mkdirSync(cache, { recursive: true, mode: 0o700 });
    if (readdirSync(cache).length > 0) return;
    const patience = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
    layHeadStart(cache, await fetchObject(url, 'the head start', patience));
  } catch {
    signal.throwIfAborted();
  }
}

export function layHeadStart(cache: string, packed: Buffer): void {
  const { repository, files } = unpackHeadStart(packed);
  for (const { kind, id, bytes } of files) {
    const file = join(cache, cachedAt(repository, kind, id));
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeWhole(file, bytes);
  }
}

export const resticCache = (place: Place): string => join(place.home, 'cache', 'restic');

/** What it saves on a long line is seconds. */
const PATIENCE_MS = 10_000;
