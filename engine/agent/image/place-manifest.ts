import { isLater, readHead } from '../../domain/image-head.ts';
import type { ImageKeys } from './keys.ts';
import { type ImageManifest, packImage } from './manifest.ts';
import { MANIFEST, type Objects, ownRoom } from './objects.ts';

/**
 * In the place of what was there under this tag, or of whatever was written there since by an earlier backup: a machine that
 * was given up may be writing yet. False where a later one's is there, which stays.
 */
export async function placeManifest(
  objects: Objects,
  image: ImageManifest,
  keys: ImageKeys,
  seen: string | null,
  signal: AbortSignal,
): Promise<boolean> {
  const packed = packImage(image, keys);
  let over = seen;
  for (let tries = 0; tries < TRIES; tries++) {
    if (await objects.putOver(over, MANIFEST, packed, signal)) return true;
    const there = await objects.get(MANIFEST, ownRoom, signal);
    const head = there && readHead(there.bytes);
    if (head && isLater(head, image)) return false;
    over = there?.tag ?? null;
  }
  throw new Error('its list was written by others again and again');
}

const TRIES = 4;
