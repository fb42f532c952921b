import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import unbzip2 from 'unbzip2-stream';
import { Failure, reasonOf } from '../domain/failures.ts';
import type { ReleaseAsset } from './restic-release.ts';

/** Where it cannot be had from is a reason to try another way. Other bytes than the pinned ones are not: see `fetchRelease`. */
export class Unreachable extends Error {}

/**
 * Fetches a packed program and unpacks it into `target`. Only the bytes whose hash is pinned are ever unpacked; others
 * mean that somebody stands between us and the release, and nothing else is tried.
 */
export async function fetchRelease(
  baseUrl: string,
  version: string,
  asset: ReleaseAsset,
  target: string,
  onBytes: (done: number, total: number | null) => void,
  signal: AbortSignal,
): Promise<void> {
  const url = `${baseUrl.replace(/\/+$/, '')}/v${version}/${asset.file}`;
  const bytes = await download(url, onBytes, signal);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (sha256 !== asset.sha256)
    throw new Failure('restic_missing', {
      wanted: version,
      why: `what came from ${url} is not what was released: its SHA-256 is ${sha256}, not ${asset.sha256}`,
      mend: 'Look at what stands between this computer and that address; nothing was installed.',
    });
  await pipeline(Readable.from([bytes]), unbzip2(), createWriteStream(target, { mode: 0o755 }), { signal });
}

async function download(
  url: string,
  onBytes: (done: number, total: number | null) => void,
  signal: AbortSignal,
): Promise<Buffer> {
  const stalled = new AbortController();
  const timer = setTimeout(() => stalled.abort(new Error(`nothing came for ${STALL_MS / 1_000} s`)), STALL_MS);
  try {
    const reply = await fetch(url, { signal: AbortSignal.any([signal, stalled.signal]) });
    if (!reply.ok || !reply.body) throw new Error(`it answered ${reply.status}`);
    const total = Number(reply.headers.get('content-length')) || null;
    const chunks: Uint8Array[] = [];
    let done = 0;
    for await (const chunk of reply.body) {
      timer.refresh();
      done += chunk.length;
      if (done > RELEASE_BYTES_MAX) throw new Error(`it sends more than ${RELEASE_BYTES_MAX} bytes`);
      chunks.push(chunk);
      onBytes(done, total);
    }
    return Buffer.concat(chunks);
  } catch (cause) {
    signal.throwIfAborted();
    throw new Unreachable(`${url} cannot be fetched: ${words(cause)}`, { cause });
  } finally {
    clearTimeout(timer);
  }
}

const STALL_MS = 30_000;
/** Several times what a release of restic has ever been. */
const RELEASE_BYTES_MAX = 64 * 1024 * 1024;

/** fetch says only that it failed; what the network said is the cause. */
function words(thrown: unknown): string {
  const deeper = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
  return reasonOf(deeper) || (deeper instanceof Error && 'code' in deeper ? String(deeper.code) : 'no reason given');
}
