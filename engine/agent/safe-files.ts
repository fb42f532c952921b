import type { Stats } from 'node:fs';
import type { ManifestLine } from '../domain/agent-protocol.ts';
import { rawPath } from '../domain/wire-path.ts';
import type { KnownFiles } from './known-files.ts';
import { typeOf } from './walk.ts';

/** Which files may be replaced because they are in a snapshot as they are now: those of a checkpoint that was just taken. */
export function safeFiles(lines: readonly ManifestLine[]): Pick<KnownFiles, 'mention' | 'has' | 'hadBeforeRename'> {
  const rows = new Map(lines.map((line) => [rawPath(line.path), line]));
  const has = (path: string, stat: Stats): boolean => {
    const line = rows.get(path);
    if (!line || line.type !== typeOf(stat)) return false;
    if (line.type === 'dir') return true;
    const sameSize = line.type !== 'file' || line.sizeBytes === stat.size;
    return sameSize && line.mtimeMs === Math.floor(stat.mtimeMs);
  };
  return { mention: (path) => rows.has(path), has, hadBeforeRename: has };
}
