import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { ManifestLine } from '../domain/agent-protocol.ts';
import { Failure } from '../domain/failures.ts';
import { wirePath } from '../domain/wire-path.ts';
import { contentHash } from '../policy/content-hash.ts';
import type { Entry } from './walk.ts';

export function manifestLine(entry: Entry, sha256: string | undefined): ManifestLine {
  return {
    path: wirePath(entry.path),
    type: entry.type,
    mode: entry.mode,
    // A directory's time is no part of its identity, and is set from here.
    mtimeMs: entry.type === 'dir' ? entry.mtimeMs : Math.floor(entry.mtimeMs),
    sizeBytes: entry.type === 'file' ? entry.size : 0,
    ...(sha256 === undefined ? {} : { sha256 }),
    ...(entry.target === undefined ? {} : { target: wirePath(entry.target) }),
  };
}

export interface PackedManifest {
  readonly bytes: Buffer;
  readonly sha256: string;
}

export async function packManifest(lines: readonly ManifestLine[]): Promise<PackedManifest> {
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
  const bytes = await promisify(gzip)(text, { level: 1 });
  return { bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
}

/** A manifest that is not the one the catalogue means is not used for anything. */
export async function unpackManifest(bytes: Uint8Array, expected: string): Promise<readonly ManifestLine[]> {
  const lines = linesOf(await promisify(gunzip)(bytes));
  if (contentHash(lines) !== expected)
    throw new Failure('restore_differs', { why: 'the manifest in storage is not that of the snapshot' });
  return lines;
}

export function linesOf(text: Buffer): readonly ManifestLine[] {
  const lines: ManifestLine[] = [];
  for (let start = 0; start < text.length; ) {
    const end = text.indexOf(10, start);
    const stop = end === -1 ? text.length : end;
    if (stop > start) lines.push(ManifestLine.parse(JSON.parse(text.toString('utf8', start, stop))));
    start = stop + 1;
  }
  return lines;
}
