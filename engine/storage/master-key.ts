import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Failure, reasonOf } from '../domain/failures.ts';

/** Wraps what must never lie anywhere in the clear. */
export interface MasterKey {
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
  const text = (await readIfThere(file)) ?? (await makeKey(file));
  if (!/^[0-9a-f]{64}$/.test(text.trim()))
    throw new Failure('bad_setting', { why: `${file} does not hold a master key of 64 hexadecimal digits` });
  return masterKey(Buffer.from(text.trim(), 'hex'));
}

export function masterKey(key: Uint8Array): MasterKey {
  const derive = (purpose: string): Uint8Array => new Uint8Array(hkdfSync('sha256', key, '', purpose, 32));
  const signing = derive('dumont machine tokens');
  return {
    derive,
    sign: (text) => createHmac('sha256', signing).update(text).digest('base64url'),
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

/** Never over another one: a key that is lost takes every backup with it. */
async function makeKey(file: string): Promise<string> {
  const text = randomBytes(32).toString('hex');
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const handle = await open(file, 'wx', 0o600);
  try {
    await handle.writeFile(`${text}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  const folder = await open(dirname(file), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
  return text;
}

const PREFIX = 'v1.';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** What was sealed for this opens as nothing else. */
const PURPOSE = Buffer.from('dumont repository password');
