import { join } from 'node:path';
import { flush } from '../../../engine/agent/flush.ts';
import { openHashCache } from '../../../engine/agent/hash-cache.ts';
import { hashEntries } from '../../../engine/agent/hash-entries.ts';
import { manifestLine, packManifest } from '../../../engine/agent/manifest.ts';
import { placeAt } from '../../../engine/agent/place.ts';
import { scopeOf } from '../../../engine/agent/scope.ts';
import { walk } from '../../../engine/agent/walk.ts';
import { contentHash } from '../../../engine/policy/content-hash.ts';
import { quantile } from '../../../engine/policy/times.ts';
import type { Table } from '../bench.ts';

const TIMES = 3;

/** The agent's own steps of a backup, one by one, on a machine's root as it lies there. */
export async function partsOf(root: string): Promise<Table['rows']> {
  const home = join(root, 'opt/dumont');
  const place = placeAt(root, home, join(home, 'restic'), null);
  const signal = AbortSignal.timeout(5 * 60_000);
  const taken = new Map<string, number[]>();
  const timed = async <T>(name: string, act: () => T | Promise<T>): Promise<T> => {
    const began = performance.now();
    const made = await act();
    taken.set(name, [...(taken.get(name) ?? []), performance.now() - began]);
    return made;
  };
  for (let time = 0; time < TIMES; time++) {
    const scope = scopeOf(place, { include: [], exclude: [], fileBytesMax: 10e9 });
    await timed('flush the disk', () => flush(place, scope.roots, signal));
    await timed('look for what was changed elsewhere', () => scope.elsewhere(signal));
    const walked = await timed('walk', () => walk(place, scope, signal));
    const cache = await timed('read the known hashes', () => openHashCache(place));
    const hashes = await timed('compare with them, hash the rest', () =>
      hashEntries(place, walked.entries, cache, signal),
    );
    await timed('write them', () => cache.save());
    const lines = await timed('list of lines', () =>
      walked.entries.map((entry) => manifestLine(entry, hashes.sha256.get(entry.path))),
    );
    await timed('hash over everything', () => contentHash(lines));
    await timed('a whole manifest', () => packManifest(lines));
  }
  return [...taken].map(([name, ms]) => [name, quantile(ms, 0.5)]);
}
