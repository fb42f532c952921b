import { setImmediate as breathe } from 'node:timers/promises';
import { wirePath } from '../domain/wire-path.ts';
import { namesIfAny, statIfAny } from './look-at.ts';
import type { Place } from './place.ts';
import type { Scope } from './scope.ts';

export interface Excluded {
  readonly path: string;
  readonly sizeBytes: number;
  readonly rule: string;
}

/** What rules leave out, the largest first. Of directories that take long to add up, what was counted by then. */
export async function excludedOf(
  place: Place,
  scope: Scope,
  left: readonly string[],
  signal: AbortSignal,
): Promise<Excluded[]> {
  const found: Excluded[] = [];
  const until = performance.now() + COUNTING_MS;
  for (const path of left) {
    const mount = scope.mounts.get(path);
    if (mount) {
      found.push({ path: wirePath(path), sizeBytes: 0, rule: MOUNTED[mount.kind] });
      continue;
    }
    const stat = statIfAny(place, path);
    const rule = stat && scope.matcher(path, stat.isDirectory());
    if (!stat || !rule || rule.by === 'ours') continue;
    const share = performance.now() + Math.min((until - performance.now()) / 2, ONE_MS);
    const sizeBytes = stat.isDirectory() ? await sizeBelow(place, path, stat.dev, share, signal) : stat.size;
    found.push({ path: wirePath(path), sizeBytes, rule: `${wirePath(rule.line)}${WHOSE[rule.by]}` });
  }
  return found.toSorted((a, b) => b.sizeBytes - a.sizeBytes).slice(0, SAID);
}

/** It enters no other file system and follows no link. */
async function sizeBelow(
  place: Place,
  top: string,
  device: number,
  until: number,
  signal: AbortSignal,
): Promise<number> {
  const todo = [top];
  let sum = 0;
  let listed = 0;
  for (let folder = todo.pop(); folder !== undefined && performance.now() < until; folder = todo.pop()) {
    listed += 1;
    if (listed % BREATH === 0) await breathe();
    signal.throwIfAborted();
    for (const name of namesIfAny(place, folder)) {
      const path = `${folder}/${name}`;
      const stat = statIfAny(place, path);
      if (stat?.isFile()) sum += stat.size;
      else if (stat?.isDirectory() && stat.dev === device) todo.push(path);
    }
  }
  return sum;
}

const MOUNTED = {
  local: 'another file system, empty or read-only',
  served: 'a file system of another machine',
} as const;
const WHOSE = { default: ' (default)', order: ' (of the workspace)', file: '', ours: '' } as const;
const SAID = 50;
const COUNTING_MS = 10_000;
const ONE_MS = 3_000;
const BREATH = 64;
