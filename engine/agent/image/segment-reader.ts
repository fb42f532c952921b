import { hash } from 'node:crypto';
import { closeSync, constants, fchmodSync, fchownSync, fstatSync, futimesSync, openSync, writeSync } from 'node:fs';
import { reasonOf } from '../../domain/failures.ts';
import { secondsOf } from '../times.ts';
import { checkIn, decode } from './coding.ts';
import { imageKeys } from './keys.ts';
import { letGo } from './let-go.ts';
import { type ImageAt, openObjects, ownRoom, segmentName } from './objects.ts';
import { SEGMENT_BYTES } from './plan.ts';
import { checkOf, damaged, unseal } from './seal.ts';

/** One segment, and which files have something in it. Paths are raw, and what the system is asked for. */
export interface ReadJob {
  readonly name: string;
  readonly bytes: number;
  readonly pieces: readonly Piece[];
}

export interface Piece {
  readonly path: string;
  /** Where in the segment, how long, and where in the file. */
  readonly from: number;
  readonly bytes: number;
  readonly to: number;
  /** Of a file that is in one piece: then it is made here, whole. Else it is there already, and the segment's check is compared. */
  readonly whole: Whole | null;
}

export interface Whole extends Attributes {
  readonly sha256: string;
}

export interface Attributes {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeNs: string;
}

/** Of each piece which file it is on its disk, or 0 if that was there; null where that would be another one. Or why nothing came. */
export type Read = readonly (number | null)[] | string;

/** Fetches, opens and writes. One for each thread, and several segments at once in each. */
export function openSegmentReader({ password, at }: ImageAt): (job: ReadJob) => Promise<Read> {
  const keys = imageKeys(password);
  const objects = openObjects(at);
  const signal = new AbortController().signal; // the thread is ended instead
  /** Used again and again: fresh memory costs the system clearing it, and the collector of garbage a round each. */
  const rooms: Buffer[] = [];
  return async ({ name, bytes, pieces }) => {
    const room = rooms.pop() ?? Buffer.allocUnsafeSlow(ROOM_BYTES);
    const within = (length: number): Buffer => (length > room.length ? ownRoom(length) : room.subarray(0, length));
    try {
      const sealed = await objects.get(segmentName(name), within, signal);
      if (!sealed) return `segment ${name} is gone`;
      const what = `segment ${name}`;
      const coded = unseal(keys, what, sealed.bytes);
      try {
        const raw = decode(coded);
        if (raw.length !== bytes) throw damaged(what);
        const isChecked = pieces.every(({ whole }) => whole) || checkIn(coded).equals(checkOf(keys, raw));
        return pieces.map((piece) => (piece.whole || isChecked ? writePiece(raw, piece) : null));
      } finally {
        letGo(coded);
      }
    } catch (cause) {
      return reasonOf(cause);
    } finally {
      rooms.push(room);
    }
  };
}

function writePiece(raw: Uint8Array, { path, from, bytes, to, whole }: Piece): number | null {
  if (whole && hash('sha256', raw.subarray(from, from + bytes)) !== whole.sha256) return null;
  const file = whole ? openNew(path, whole.mode) : openSync(bytesOf(path), constants.O_WRONLY | constants.O_NOFOLLOW);
  try {
    for (let done = 0; done < bytes; ) done += writeSync(file, raw, from + done, bytes - done, to + done);
    if (!whole) return 0;
    describe(file, whole);
    return fstatSync(file).ino;
  } finally {
    closeSync(file);
  }
}

export function openNew(path: string, mode: number): number {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  return openSync(bytesOf(path), flags, mode & 0o777);
}

/** Owner before mode, since changing the one takes bits off the other; the time last. */
export function describe(file: number, { mode, uid, gid, mtimeNs }: Attributes, always = false): void {
  if (isAnothers({ uid, gid })) fchownSync(file, uid, gid);
  if (always || mode > 0o777 || (mode & UMASK) !== 0) fchmodSync(file, mode);
  const seconds = secondsOf(mtimeNs);
  futimesSync(file, seconds, seconds);
}

/** What we make is ours, and only root may give it away. */
export const isAnothers = ({ uid, gid }: Pick<Attributes, 'uid' | 'gid'>): boolean =>
  UID === 0 && (uid !== 0 || gid !== GID);

const UMASK = process.umask();
const UID = process.getuid?.();
const GID = process.getgid?.();
/** What a writer makes of one segment, however badly it compresses. */
const ROOM_BYTES = SEGMENT_BYTES + 64 * 1024;

const bytesOf = (path: string): Buffer => Buffer.from(path, 'latin1');
