import { createHash } from 'node:crypto';
import type { ManifestLine } from '../domain/agent-protocol.ts';

/**
 * The identity of a workspace's content: path, type, mode, time, size and data of everything in it, in the order of
 * paths. It says nothing of inodes, ctimes, or of when a directory last changed, since those differ on every machine.
 * The agent computes it from the disk, the control host again from the manifest.
 */
export function contentHash(lines: readonly ManifestLine[]): string {
  const hash = createHash('sha256');
  const sorted = lines.toSorted((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  for (let at = 0; at < sorted.length; at += AT_ONCE)
    hash.update(sorted.slice(at, at + AT_ONCE).reduce((text, line) => `${text}${identityOf(line)}\n`, ''));
  return hash.digest('hex');
}

function identityOf(line: ManifestLine): string {
  const file = line.type === 'file';
  return JSON.stringify([
    line.path,
    line.type,
    line.mode,
    file ? line.mtimeMs : 0,
    file ? line.sizeBytes : 0,
    line.sha256 ?? '',
    line.target ?? '',
  ]);
}

/** Each piece costs more than its bytes. */
const AT_ONCE = 256;
