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
import { type Brought, type BroughtPaths, type Readers, readImage } from './read-image.ts';
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
  if ('why' in found) return nothing(found.why);
  const image = indexed(found.image, imageKeys(password));
  const opened = opening.move();
  let why: string | null = null;
  let left = 0;
  let files = 0;
  let bytes = 0;
  return {
    async bring(lines, place, target, onBytes, signal) {
      const { paths, trouble } = await readImage(image, readers, lines, place, target, onBytes, signal).catch(
        (cause: unknown): Brought => {
          signal.throwIfAborted();
          return { paths: new Map(), trouble: reasonOf(cause) }; // what lies there is compared, and the rest is restic's
        },
      );
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

function nothing(why: string): WakeImage {
  return {
    bring: async () => new Map(),
    brought: () => ({ files: 0, bytes: 0, why }),
    [Symbol.asyncDispose]: async () => undefined,
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
