import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Failure, reasonOf } from '../domain/failures.ts';

/** Wraps what must never lie anywhere in the clear. */
export interface MasterKey {
  /** Tells it from other keys, and says nothing of it. */
  readonly mark: string;
  seal(plain: string): string;
  /** Rejects with `wrong_password` what another key sealed. */
  open(sealed: string, workspace: string): string;
  /** A mark that only this key can make, and that says nothing of the key. */
  sign(text: string): string;
  /** A key for one purpose, which says nothing of this one or of those for others. */
  derive(purpose: string): Uint8Array;
}

/** Reads the installation's master key: 64 hexadecimal digits in a file that only its owner reads. Made when it is missing. */
export async function readMasterKey(file: string): Promise<MasterKey> {
  return masterKey((await readKeyFile(file)) ?? (await makeKey(file)));
}

/** Null when there is no such file. */
export async function readKeyFile(file: string): Promise<Uint8Array | null> {
  const text = await readIfThere(file);
  if (text === null) return null;
  if (!/^[0-9a-f]{64}$/.test(text.trim()))
    throw new Failure('bad_setting', { why: `${file} does not hold a master key of 64 hexadecimal digits` });
  return Buffer.from(text.trim(), 'hex');
}

export async function makeKey(file: string): Promise<Uint8Array> {
  const key = randomBytes(KEY_BYTES);
  await writeKeyFile(file, key);
  return key;
}

/** Never over another one: a key that is lost takes every backup with it. */
export async function writeKeyFile(file: string, key: Uint8Array): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await using handle = await open(file, 'wx', 0o600);
  await handle.writeFile(`${Buffer.from(key).toString('hex')}\n`);
  await handle.sync();
  await using folder = await open(dirname(file), 'r');
  await folder.sync();
}

/** What `sign` signs with, as text that can be sealed. */
export const signingSecret = (key: MasterKey): string => Buffer.from(key.derive(SIGNING)).toString('hex');

export const signedBy =
  (secret: string) =>
  (text: string): string =>
    createHmac('sha256', Buffer.from(secret, 'hex')).update(text).digest('base64url');

/** A key with another one behind it, which opens what that one sealed. */
export function masterKey(key: Uint8Array, older: MasterKey | null = null): MasterKey {
  const derive = (purpose: string): Uint8Array => new Uint8Array(hkdfSync('sha256', key, '', purpose, KEY_BYTES));
  return {
    mark: createHash('sha256').update('dumont mark of a master key').update(key).digest('hex').slice(0, MARK_DIGITS),
    derive,
    sign: signedBy(Buffer.from(derive(SIGNING)).toString('hex')),
    seal(plain) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(PURPOSE);
      const sealed = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
      return PREFIX + Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url');
    },
    open(sealed, workspace) {
      const bytes = Buffer.from(sealed.slice(PREFIX.length), 'base64url');
      try {
        if (!sealed.startsWith(PREFIX)) throw new Error('it was sealed in another way');
        const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES)).setAAD(PURPOSE);
        decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
        return decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
      } catch (cause) {
        if (older) return older.open(sealed, workspace);
        throw new Failure('wrong_password', { workspace, why: reasonOf(cause) }, { cause });
      }
    },
  };
}

async function readIfThere(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new Failure('bad_setting', { why: `${file} cannot be read: ${reasonOf(cause)}` }, { cause });
  }
}

const PREFIX = 'v1.';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Whatever this key seals, sealed under one name: repository passwords at first, then other secrets of the installation. */
const PURPOSE = Buffer.from('dumont repository password');
const SIGNING = 'dumont machine tokens';
const KEY_BYTES = 32;
const MARK_DIGITS = 16;
