import type { AtRisk } from '../domain/agent-shapes.ts';
import { wirePath } from '../domain/wire-path.ts';
import type { HashCache } from './hash-cache.ts';
import { type Hashers, hashFiles } from './hash-files.ts';
import type { Place } from './place.ts';
import type { Entry } from './walk.ts';

export interface Hashes {
  /** By raw path; a file that went away or cannot be read is not in it. */
  readonly sha256: ReadonlyMap<string, string>;
  readonly unreadable: readonly AtRisk[];
  readonly unreadablePaths: ReadonlySet<string>;
}

/** The hash of every regular file. Those that did not change since they were hashed are not read again. */
export async function hashEntries(
  place: Place,
  entries: readonly Entry[],
  cache: HashCache,
  signal: AbortSignal,
  hashers: Hashers | null = null,
): Promise<Hashes> {
  const sha256 = new Map<string, string>();
  const unread: Entry[] = [];
  for (const entry of entries) {
    if (entry.type !== 'file') continue;
    const known = cache.get(entry);
    if (known === null) unread.push(entry);
    else sha256.set(entry.path, known);
  }
  const unreadable: AtRisk[] = [];
  const unreadablePaths = new Set<string>();
  const startedAt = Date.now();
  await hashFiles(
    place,
    unread,
    (index, hashed) => {
      const entry = unread[index]!;
      if ('sha256' in hashed) {
        sha256.set(entry.path, hashed.sha256);
        cache.set(entry, hashed.sha256, startedAt);
      } else if (!GONE.has(hashed.error)) {
        unreadablePaths.add(entry.path);
        const why = `it cannot be read (${hashed.error})`;
        unreadable.push({ kind: 'unreadable', path: wirePath(entry.path), sizeBytes: entry.size, why });
      }
    },
    signal,
    hashers,
  );
  return { sha256, unreadable, unreadablePaths };
}

/** It went away or became something else, which the next walk shows. */
const GONE: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO']);
