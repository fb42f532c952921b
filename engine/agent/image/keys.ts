import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';

/** What seals and names the objects of a workspace's images. */
export interface ImageKeys {
  readonly seal: KeyObject;
  readonly name: KeyObject;
  readonly check: KeyObject;
  readonly proof: KeyObject;
}

/** From the repository's password: whoever may read the one may read the other, and there is no second secret to lose. */
export function imageKeys(password: string): ImageKeys {
  const derive = (use: string): KeyObject =>
    createSecretKey(Buffer.from(hkdfSync('sha256', password, '', `dumont image 2 ${use}`, KEY_BYTES)));
  return { seal: derive('seal'), name: derive('name'), check: derive('check'), proof: derive('proof') };
}

const KEY_BYTES = 32;
