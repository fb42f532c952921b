import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { reasonOf } from '../../domain/failures.ts';
import { codeOf } from '../durable.ts';
import { encode, PLAIN, shapeOf } from './coding.ts';
import { imageKeys } from './keys.ts';
import type { AskLine } from './line.ts';
import { type ImageAt, openObjects, segmentName } from './objects.ts';
import { isInOnePiece, SEGMENT_BYTES } from './plan.ts';
import { checkOf, nameOf, proofOf, seal } from './seal.ts';

/** Files for segments: several that share one, or one that has its own. Paths are raw, and what the system is asked for. */
export interface SegmentJob {
  readonly files: readonly File[];
  readonly alone: boolean;
}

interface File {
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
}

/** Name of the segment, where in it, how long, and where in the file. */
type Extents = readonly (readonly [string, number, number, number])[];

export interface Placed {
  readonly extents: Extents;
  /** That these are its extents; of one that is in one piece its hash says so. */
  readonly proof: string | undefined;
}

export interface Written {
  /** As the job's files; null for one that is not, or not any more, what the snapshot has. Some of it may be on its way yet. */
  readonly placed: readonly (Placed | null)[];
  /** Why one could not be read. */
  readonly why: string | null;
}

/** Reads, hashes, codes, seals and sends. One for each thread. */
export function openSegmentWriter({ password, at }: ImageAt, line: AskLine): (job: SegmentJob) => Promise<Written> {
  const keys = imageKeys(password);
  const objects = openObjects(at);
  const signal = new AbortController().signal; // the thread is ended instead
  let level = LEVEL_MIN;

  const put = async (name: string, raw: Buffer, alone: boolean): Promise<number> => {
    const sealed = seal(keys, `segment ${name}`, encode(raw, alone ? shapeOf(raw) : PLAIN, level, checkOf(keys, raw)));
    await objects.put(segmentName(name), sealed, signal);
    return sealed.length;
  };
  /** Gives it to the line, unless that has it. How long that keeps us waiting says whether it is worth compressing more. */
  const send = async (raw: Buffer, alone: boolean): Promise<string> => {
    const name = nameOf(keys, raw);
    const asked = performance.now();
    if (!(await line({ turn: name }))) return name;
    const began = performance.now();
    // It is coded at once; that it arrives is for the line to wait for.
    put(name, raw, alone).then(
      (stored) => line({ sent: [name, raw.length, stored] }),
      (cause) => line({ failed: name, why: reasonOf(cause) }),
    );
    level = nextLevel(level, performance.now() - began, began - asked);
    return name;
  };

  const placedAt = (file: File, extents: Extents): Placed => {
    return { extents, proof: isInOnePiece(file.size, extents) ? undefined : proofOf(keys, file, extents) };
  };

  const writeTogether = async (files: SegmentJob['files']): Promise<Written> => {
    let why: string | null = null;
    const bodies = files.map((file) => {
      try {
        const body = readWhole(file.path, file.size);
        return body && createHash('sha256').update(body.data).digest('hex') === file.sha256 ? body : null;
      } catch (cause) {
        why ??= reasonOf(cause);
        return null;
      }
    });
    const runs = bodies.map((body) => body && runsOf(body.data, body.sparse));
    const parts = runs.flatMap(
      (some, file) => some?.map(([start, end]) => bodies[file]!.data.subarray(start, end)) ?? [],
    );
    const name = parts.length === 0 ? '' : await send(Buffer.concat(parts), false);
    let from = 0;
    const placed = runs.map((some, file) => {
      if (!some) return null;
      const extents = some.map(([start, end]) => {
        from += end - start;
        return [name, from - (end - start), end - start, start] as const;
      });
      return placedAt(files[file]!, extents);
    });
    return { placed, why };
  };

  const writeAlone = async (file: File): Promise<Written> => {
    const extents: [string, number, number, number][] = [];
    const hash = createHash('sha256');
    const whole = await eachPiece(file.path, file.size, async (piece, at, sparse) => {
      hash.update(piece);
      const runs = runsOf(piece, sparse);
      if (runs.length === 0) return;
      const raw = Buffer.concat(runs.map(([start, end]) => piece.subarray(start, end)));
      const name = await send(raw, true);
      let from = 0;
      for (const [start, end] of runs) {
        extents.push([name, from, end - start, at + start]);
        from += end - start;
      }
    });
    const isSame = whole && hash.digest('hex') === file.sha256;
    return { placed: [isSame ? placedAt(file, extents) : null], why: null };
  };

  return async ({ files, alone }) => {
    try {
      return await (alone ? writeAlone(files[0]!) : writeTogether(files));
    } catch (cause) {
      return { placed: files.map(() => null), why: reasonOf(cause) };
    }
  };
}

/** One more when storage kept us waiting for longer than coding took, which would be time to code better; else one less. */
export const nextLevel = (level: number, codedMs: number, waitedMs: number): number =>
  Math.min(Math.max(level + (waitedMs > codedMs ? 1 : -1), LEVEL_MIN), LEVEL_MAX);

/** Null when it is no file of that size any more. Not through a link, and not waiting for the writer of a pipe. */
function opened<T>(path: string, size: number, use: (file: number, sparse: boolean) => T): T | null {
  let file: number;
  try {
    file = openSync(Buffer.from(path, 'latin1'), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    if (codeOf(cause) === '') throw cause;
    return null;
  }
  const stat = fstatSync(file);
  if (stat.isFile() && stat.size === size) return use(file, stat.blocks * 512 < size);
  closeSync(file);
  return null;
}

function readWhole(path: string, size: number): { readonly data: Buffer; readonly sparse: boolean } | null {
  return opened(path, size, (file, sparse) => {
    try {
      const data = Buffer.allocUnsafe(size);
      return readFully(file, data, 0) ? { data, sparse } : null;
    } finally {
      closeSync(file);
    }
  });
}

async function eachPiece(
  path: string,
  size: number,
  use: (piece: Buffer, at: number, sparse: boolean) => Promise<void>,
): Promise<boolean> {
  const reading = opened(path, size, async (file, sparse) => {
    try {
      for (let at = 0; at < size; at += SEGMENT_BYTES) {
        const piece = Buffer.allocUnsafeSlow(Math.min(SEGMENT_BYTES, size - at));
        if (!readFully(file, piece, at)) return false;
        await use(piece, at, sparse);
      }
      return true;
    } finally {
      closeSync(file);
    }
  });
  return (await reading) ?? false;
}

function readFully(file: number, into: Buffer, at: number): boolean {
  for (let done = 0; done < into.length; ) {
    const read = readSync(file, into, done, into.length - done, at + done);
    if (read === 0) return false;
    done += read;
  }
  return true;
}

/** Where a piece of a file with holes has anything but zeros, in whole blocks. */
function runsOf(piece: Buffer, sparse: boolean): readonly (readonly [number, number])[] {
  if (!sparse) return [[0, piece.length]];
  const runs: [number, number][] = [];
  for (let at = 0; at < piece.length; at += BLOCK_BYTES) {
    const end = Math.min(at + BLOCK_BYTES, piece.length);
    if (piece.subarray(at, end).equals(ZEROS.subarray(0, end - at))) continue;
    const last = runs.at(-1);
    if (last?.[1] === at) last[1] = end;
    else runs.push([at, end]);
  }
  return runs;
}

const BLOCK_BYTES = 64 * 1024;
const ZEROS = Buffer.alloc(BLOCK_BYTES);
const LEVEL_MIN = 1;
const LEVEL_MAX = 9;
