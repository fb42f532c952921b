import { availableParallelism } from 'node:os';
import type { ManifestLine } from '../../domain/agent-protocol.ts';
import type { RepositoryAccess } from '../../domain/agent-shapes.ts';
import { reasonOf } from '../../domain/failures.ts';
import { rawPath } from '../../domain/wire-path.ts';
import type { Place } from '../place.ts';
import { openThreads } from '../threads.ts';
import { openExactTimes } from './exact-times.ts';
import { imageKeys } from './keys.ts';
import { type ImageManifest, unpackImage } from './manifest.ts';
import { indexed } from './matching.ts';
import { type ImageAt, MANIFEST, openObjects, ownRoom } from './objects.ts';
import { type BroughtPaths, type Readers, readImage } from './read-image.ts';
import type { Read, ReadJob } from './segment-reader.ts';

/** The image of a workspace, for a restore. Whatever is wrong with it, there is restic. */
export interface WakeImage extends AsyncDisposable {
  /** Puts what it has of these things where `target` says; what came. */
  bring(
    lines: readonly ManifestLine[],
    place: Place,
    target: (raw: string) => string,
    onBytes: (bytes: number, files: number) => void,
    signal: AbortSignal,
  ): Promise<BroughtPaths>;
  /** What came in all, and why not more. */
  brought(): { readonly files: number; readonly bytes: number; readonly why: string | null };
}

export async function openWakeImage(repository: RepositoryAccess, signal: AbortSignal): Promise<WakeImage> {
  const { password, ...at } = repository;
  await using opening = new AsyncDisposableStack();
  const readers = opening.adopt(openReaders({ password, at }), (some) => some.close());
  readers.start(); // while the lists are fetched and read, which takes one thread
  const found = await fetchImage(repository, signal);
  const image = 'image' in found ? indexed(found.image, imageKeys(password)) : null;
  const opened = opening.move();
  let why = 'why' in found ? found.why : null;
  let left = 0;
  let files = 0;
  let bytes = 0;
  return {
    async bring(lines, place, target, onBytes, signal) {
      if (image === null) return new Map();
      const { paths, trouble } = await readImage(image, readers, lines, place, target, onBytes, signal);
      why ??= trouble;
      for (const line of lines) {
        if (line.type !== 'file') continue;
        if (!paths.has(rawPath(line.path))) {
          left += 1;
          continue;
        }
        files += 1;
        bytes += line.sizeBytes;
      }
      return paths;
    },
    brought: () => ({
      files,
      bytes,
      why: why ?? (left > 0 ? `files that are not in it as they were saved: ${left}` : null),
    }),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

async function fetchImage(
  { password, ...at }: RepositoryAccess,
  signal: AbortSignal,
): Promise<{ readonly image: ImageManifest } | { readonly why: string }> {
  const objects = openObjects(at);
  try {
    const stored = await objects.get(MANIFEST, ownRoom, signal);
    return stored ? { image: unpackImage(stored.bytes, imageKeys(password)) } : { why: 'there is no wake image' };
  } catch (cause) {
    signal.throwIfAborted();
    return { why: reasonOf(cause) };
  } finally {
    objects.close();
  }
}

/** A job is done when what is in its segment lies on the disk. */
export function openReaders(image: ImageAt): Readers {
  const threads = Math.min(availableParallelism(), THREADS_MAX);
  const each = Math.max(Math.ceil(image.at.connections / threads), 1);
  const readers = openThreads<ReadJob, Read>({ thread: 'read', image }, { threads, each });
  const times = openExactTimes();
  return {
    ...readers,
    times,
    async close() {
      times[Symbol.dispose]();
      await readers.close();
    },
  };
}

const THREADS_MAX = 8;
