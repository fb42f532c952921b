import type { ImageWritten, ManifestLine } from '../../domain/agent-protocol.ts';
import type { RepositoryAccess } from '../../domain/agent-shapes.ts';
import { reasonOf } from '../../domain/failures.ts';
import { isLater } from '../../domain/image-head.ts';
import type { Place } from '../place.ts';
import { imageKeys } from './keys.ts';
import { type ImageEntry, type ImageManifest, unpackImage } from './manifest.ts';
import { MANIFEST, type ObjectsAt, openObjects, ownRoom } from './objects.ts';
import { type Backup, writeImage } from './write-image.ts';

/** What was just saved. */
export interface Pictured {
  readonly repository: RepositoryAccess;
  readonly place: Place;
  readonly backup: Backup;
  readonly lines: readonly ManifestLine[];
  readonly threads: number;
}

/** As long as there is time, and `LIST_MS` more for the list of it. It never throws, since nothing depends on it. */
export async function writeWakeImage(
  { repository, place, backup, lines, threads }: Pictured,
  timeIsUp: AbortSignal,
  signal: AbortSignal,
): Promise<ImageWritten> {
  const said = (image: ImageWritten['image'], why: string | null): ImageWritten => {
    return { event: 'image_written', image, why };
  };
  const end = new AbortController();
  const hurry = (): void => void setTimeout(() => end.abort(timeIsUp.reason), LIST_MS).unref();
  if (timeIsUp.aborted) hurry();
  else timeIsUp.addEventListener('abort', hurry, { once: true });
  try {
    const { password, ...at } = repository;
    const there = await imageBefore(password, at, AbortSignal.any([timeIsUp, signal]));
    const { image: before } = there;
    if (before && isLater(before, backup)) return said(null, SUPERSEDED);
    const written = await writeImage(
      { password, at, backup, lines, before, tag: there.tag, threads },
      place,
      timeIsUp,
      AbortSignal.any([end.signal, signal]),
    );
    if (!written) return said(null, 'nobody on this machine can read extended attributes');
    const { image } = written;
    if (!image) return said(null, SUPERSEDED);
    const files = image.entries.filter(({ type }) => type === 'file').length;
    const had = new Set(before?.segments.map(([name]) => name));
    const bytesOf = (segments: typeof image.segments): number => segments.reduce((sum, [, , bytes]) => sum + bytes, 0);
    const bytesSent = bytesOf(image.segments.filter(([name]) => !had.has(name)));
    const why = image.whole ? null : (written.why ?? 'its time was up, or files are not as they were saved');
    return said({ whole: image.whole, files, bytes: bytesOf(image.segments), bytesSent }, why);
  } catch (cause) {
    return said(null, cause === timeIsUp.reason ? 'its time was up before it was listed' : reasonOf(cause));
  } finally {
    timeIsUp.removeEventListener('abort', hurry);
  }
}

const SUPERSEDED = 'that of a later backup is there';

/** What is written already is of use only with its list. */
export const LIST_MS = 10_000;

interface There {
  readonly image: ImageManifest | null;
  readonly tag: string | null;
}

/**
 * What to go on from, as far as it is there. No image where there is none, or none that anybody could use. When storage does
 * not say, nothing may be written: it would take the place of an image that may well be whole.
 */
async function imageBefore(password: string, at: ObjectsAt, signal: AbortSignal): Promise<There> {
  const objects = openObjects(at);
  try {
    const stored = await objects.get(MANIFEST, ownRoom, signal);
    const image = stored && usable(stored.bytes, password);
    return { image: image && asStored(image, await objects.segments(signal)), tag: stored?.tag ?? null };
  } finally {
    objects.close();
  }
}

function usable(stored: Buffer, password: string): ImageManifest | null {
  try {
    return unpackImage(stored, imageKeys(password));
  } catch {
    return null; // damaged, or of another version
  }
}

/** Whatever became of a segment, the files that were in it are written anew. */
function asStored(before: ImageManifest, stored: ReadonlyMap<string, number>): ImageManifest {
  const segments = before.segments.filter(([name, , bytes]) => stored.get(name) === bytes);
  if (segments.length === before.segments.length) return before;
  const indices = new Map(segments.map(([name], index) => [name, index]));
  const entries = before.entries.flatMap((entry): ImageEntry[] => {
    if (entry.type !== 'file') return [];
    const extents = entry.extents.flatMap(([segment, ...rest]) => {
      const index = indices.get(before.segments[segment]![0]);
      return index === undefined ? [] : [[index, ...rest] as const];
    });
    return extents.length === entry.extents.length ? [{ ...entry, extents: extents.map((extent) => [...extent]) }] : [];
  });
  return { ...before, segments, entries };
}
