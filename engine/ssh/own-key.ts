import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { Failure } from '../domain/failures.ts';

/** The key pair with which the engine logs in to machines. */
export interface OwnKey {
  /** OpenSSH's own format, so that `ssh -i` takes the file. */
  readonly privateKey: string;
  /** One line for authorized_keys. */
  readonly publicKey: string;
  readonly file: string;
}

/** Reads the engine's key from this folder. The first call makes it. */
export async function ownKey(folder: string, comment = 'dumont'): Promise<OwnKey> {
  const file = join(folder, 'id_ed25519');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return (await readKey(file, comment)) ?? (await makeKey(file, comment));
}

async function readKey(file: string, comment: string): Promise<OwnKey | null> {
  let privateKey: string;
  try {
    privateKey = await readFile(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw cause;
  }
  const parsed = ssh2.utils.parseKey(privateKey);
  if (parsed instanceof Error) {
    throw new Failure('bad_setting', { why: `${file} is not a private key: ${parsed.message}` }, { cause: parsed });
  }
  return { privateKey, publicKey: `${parsed.type} ${parsed.getPublicSSH().toString('base64')} ${comment}`, file };
}

/** The private half appears under its name whole and only once, so that two starts at the same moment agree on one key. */
async function makeKey(file: string, comment: string): Promise<OwnKey> {
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  await writeFile(draft, freshKey(comment), { mode: 0o600 });
  try {
    await link(draft, file);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
  } finally {
    await rm(draft, { force: true });
  }
  const key = await readKey(file, comment);
  if (!key) throw new Failure('bad_setting', { why: `${file} vanished while it was made` });
  await writeFile(`${file}.pub`, `${key.publicKey}\n`, { mode: 0o644 });
  return key;
}

/** ssh2 spoils one key in 256, each whose public half begins with a zero: it then cannot read it back itself. */
export function freshKey(comment: string): string {
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync('ed25519', { comment });
    if (!(ssh2.utils.parseKey(pair.private) instanceof Error)) return pair.private;
  }
}
