import { availableParallelism } from 'node:os';
import type { AgentEvent } from '../../domain/agent-protocol.ts';
import { reasonOf } from '../../domain/failures.ts';
import type { BackedUp, Job } from '../back-up.ts';
import { fetchImage } from './wake-image.ts';
import { writeImage } from './write-image.ts';

type Written = Omit<Extract<AgentEvent, { event: 'image_written' }>, 'event'>;

/** Of what was just saved, as long as there is time. Null where none is wanted; it never throws, since nothing depends on it. */
export async function writeWakeImage(
  { order, place }: Job,
  { snapshot, lines }: BackedUp,
  contentHash: string,
  signal: AbortSignal,
): Promise<Written | null> {
  if (!order.imageMs) return null;
  try {
    const timeIsUp = AbortSignal.timeout(order.imageMs);
    const { password, ...at } = order.repository;
    const there = await fetchImage(order.repository, signal);
    const before = 'image' in there ? there.image : null;
    const threads = Math.min(availableParallelism(), THREADS_MAX);
    const image = await writeImage(
      { password, at, snapshot, contentHash, lines, before, threads },
      place,
      timeIsUp,
      signal,
    );
    if (!image) return { image: null, why: 'nobody on this machine can read extended attributes' };
    const files = image.entries.filter(({ type }) => type === 'file').length;
    const had = new Set(before?.segments.map(([name]) => name));
    const bytesOf = (segments: typeof image.segments): number => segments.reduce((sum, [, , bytes]) => sum + bytes, 0);
    const bytesSent = bytesOf(image.segments.filter(([name]) => !had.has(name)));
    const why = image.whole ? null : 'its time was up, or files are not as they were saved';
    return { image: { whole: image.whole, files, bytes: bytesOf(image.segments), bytesSent }, why };
  } catch (cause) {
    return { image: null, why: reasonOf(cause) };
  }
}

const THREADS_MAX = 8;
