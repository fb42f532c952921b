import * as z from 'zod';
import { Sha256 } from './agent-shapes.ts';

const VERSION = 2;
const Count = z.number().int().nonnegative();
const Versioned = z.object({ version: z.number() });

/** Said in the clear, so that the control host can tell which segments are in use without any key. It is sealed with the rest. */
const Head = z.strictObject({
  version: z.literal(VERSION),
  snapshot: Sha256,
  contentHash: Sha256,
  /** Of the backup that it pictures: the claim that it was taken under, and its number. An earlier one's takes no later one's place. */
  epoch: Count,
  sequence: Count,
  /** False: its time was up, and what it lacks is restic's to bring. */
  whole: z.boolean(),
  /** Name, bytes of what is in it, bytes stored. */
  segments: z.array(z.tuple([Sha256, Count, Count])),
});
export type ImageHead = z.infer<typeof Head>;

type Place = Pick<ImageHead, 'epoch' | 'sequence'>;
export const isLater = (one: Place, other: Place): boolean =>
  one.epoch === other.epoch ? one.sequence > other.sequence : one.epoch > other.epoch;

/** Null when it is none of this version. Needs no key, and proves nothing. */
export const readHead = (stored: Uint8Array): ImageHead | null => Head.safeParse(saidIn(stored)).data ?? null;

/** Null when it is none of another one. */
export function otherVersion(stored: Uint8Array): number | null {
  const version = Versioned.safeParse(saidIn(stored)).data?.version ?? VERSION;
  return version === VERSION ? null : version;
}

function saidIn(stored: Uint8Array): unknown {
  const bytes = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength);
  if (bytes.length < MAGIC.length + 4 || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) return null;
  const length = bytes.readUInt32LE(MAGIC.length);
  try {
    const said = bytes.subarray(MAGIC.length + 4, MAGIC.length + 4 + length).toString('utf8');
    return JSON.parse(said);
  } catch {
    return null;
  }
}

/** How often it is written at most while people work. Each time costs two writes to storage and a list, and what changed goes over the line once more. */
export const IMAGE_EVERY_MS = 15 * 60_000;

export const MAGIC = Buffer.from('DUMONT-IMAGE\0\r\n\n');
