import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { ManifestHead, ManifestLine } from '../domain/agent-protocol.ts';
import { wirePath } from '../domain/wire-path.ts';
import { type Base, manifestText, readManifest } from '../policy/manifest-change.ts';
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
    ctimeMs: Math.floor(entry.ctimeMs),
  };
}

export interface PackedManifest {
  readonly bytes: Buffer;
  readonly sha256: string;
  /** The snapshot whose whole manifest this is a change of; null when it is whole itself. */
  readonly base: string | null;
}

export async function packManifest(
  lines: readonly ManifestLine[],
  before: Base | null = null,
  backup?: ManifestHead['backup'],
): Promise<PackedManifest> {
  const { text, base } = manifestText(lines, before, backup);
  const bytes = await promisify(gzip)(text, { level: 1 });
  return { bytes, sha256: createHash('sha256').update(bytes).digest('hex'), base };
}

/** A manifest that is not the one the catalogue means is not used for anything. */
export async function unpackManifest(
  bytes: Uint8Array,
  baseBytes: Uint8Array | null,
  expected: string,
): Promise<readonly ManifestLine[]> {
  const [text, baseText] = await Promise.all([unzipped(bytes), baseBytes && unzipped(baseBytes)]);
  return readManifest(text, baseText, expected);
}

const unzipped: (bytes: Uint8Array) => Promise<Buffer> = promisify(gunzip);
