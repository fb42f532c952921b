import { open, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Failure } from '../domain/failures.ts';
import { isSameSecret } from '../domain/same-secret.ts';
import {
  type MasterKey,
  makeKey,
  masterKey,
  readKeyFile,
  readMasterKey,
  signedBy,
  signingSecret,
} from './master-key.ts';
import { readRecoveryKey, recoveryKeyOf } from './recovery-key.ts';

/**
 * Beside the master key in force may lie `.next`, which was shown to a person and seals nothing yet. When they have typed it
 * back it is `.confirmed`: from then on it seals, the old one only opens, and when all is sealed anew it takes its place.
 * `.former` keeps, sealed, what old keys signed with, since what they signed is still read.
 */
export interface Keys {
  /** Seals, and opens whatever is sealed. */
  readonly key: MasterKey;
  /** The same without the old one behind it, while that one is being replaced. */
  readonly confirmed: MasterKey | null;
  /** As keys before this one signed, the oldest first. */
  readonly former: readonly ((text: string) => string)[];
}

export async function readKeys(file: string): Promise<Keys> {
  const current = await readMasterKey(file);
  const fresh = await readKeyFile(`${file}.confirmed`);
  const key = fresh ? masterKey(fresh, current) : current;
  const former = (await formerOf(file)).map((sealed) => signedBy(key.open(sealed, 'this installation')));
  return fresh
    ? { key, confirmed: masterKey(fresh), former: [...former, current.sign] }
    : { key, confirmed: null, former };
}

/** The recovery key that a person must write down before anything changes. Asked again it is the same; null: one is confirmed. */
export async function nextRecoveryKey(file: string): Promise<string | null> {
  await mustBeThere(file);
  if (await readKeyFile(`${file}.confirmed`)) return null;
  return recoveryKeyOf((await readKeyFile(`${file}.next`)) ?? (await makeKey(`${file}.next`)));
}

/** They have it: the engine takes it at its next start. */
export async function confirmNext(file: string, typed: string): Promise<void> {
  const next = await readKeyFile(`${file}.next`);
  if (!next || !isSame(readRecoveryKey(typed), next)) throw new Failure('other_recovery_key');
  await renameFor(`${file}.next`, `${file}.confirmed`);
  await noteCopy(file, next);
}

/** Everything is sealed anew: the old key goes. What it signed with stays, sealed by the new one. */
export async function replaceKey(file: string): Promise<void> {
  const current = await readMasterKey(file);
  const fresh = await readKeyFile(`${file}.confirmed`);
  if (!fresh) return;
  const key = masterKey(fresh, current);
  const secrets = (await formerOf(file)).map((sealed) => key.open(sealed, 'this installation'));
  const all = new Set([...secrets, signingSecret(current)]);
  const text = [...all].map((secret) => `${masterKey(fresh).seal(secret)}\n`).join('');
  await write(`${file}.former`, text);
  await renameFor(`${file}.confirmed`, file);
}

/** A person shows that they have a copy of the recovery key that counts. */
export async function confirmCopy(file: string, typed: string): Promise<void> {
  await mustBeThere(file);
  const own = (await readKeyFile(`${file}.confirmed`)) ?? (await readKeyFile(file));
  if (!own || !isSame(readRecoveryKey(typed), own)) throw new Failure('other_recovery_key');
  await noteCopy(file, own);
}

/** Whether somebody did; null where there is no key yet. */
export async function hasCopy(file: string): Promise<boolean | null> {
  const own = (await readKeyFile(`${file}.confirmed`)) ?? (await readKeyFile(file));
  return own && (await readOr(noteOf(file), '')).trim() === masterKey(own).mark;
}

const noteOf = (file: string): string => join(dirname(file), 'recovery-key.kept');

async function noteCopy(file: string, key: Uint8Array): Promise<void> {
  await write(noteOf(file), `${masterKey(key).mark}\n`);
}

async function mustBeThere(file: string): Promise<void> {
  if (!(await readKeyFile(file)))
    throw new Failure('bad_setting', {
      why: `  there is no master key in ${dirname(file)}: is this the engine's home?`,
    });
}

async function formerOf(file: string): Promise<readonly string[]> {
  return (await readOr(`${file}.former`, '')).split('\n').filter((line) => line !== '');
}

async function readOr(file: string, otherwise: string): Promise<string> {
  return await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return otherwise;
    throw cause;
  });
}

/** Whole or not at all. */
async function write(file: string, text: string): Promise<void> {
  const draft = `${file}.new`;
  {
    await using handle = await open(draft, 'w', 0o600);
    await handle.writeFile(text);
    await handle.sync();
  }
  await renameFor(draft, file);
}

/** After this returns a crash does not take it back. */
async function renameFor(from: string, to: string): Promise<void> {
  await rename(from, to);
  await using folder = await open(dirname(to), 'r');
  await folder.sync();
}

const isSame = (one: Uint8Array, other: Uint8Array): boolean =>
  isSameSecret(Buffer.from(one).toString('hex'), Buffer.from(other).toString('hex'));
