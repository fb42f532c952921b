import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Failure } from '../domain/failures.ts';

/**
 * The master key as people keep it: groups of letters and digits that cannot be taken for each other, with a check at the
 * end, so that a slip of the pen is told from another key.
 */
export function recoveryKeyOf(masterKey: Uint8Array): string {
  const text = base32(Buffer.concat([masterKey, checkOf(masterKey)]));
  return text.match(/.{1,5}/g)?.join('-') ?? '';
}

/** Of an installation's own master key. */
export async function recoveryKeyIn(file: string): Promise<string> {
  return recoveryKeyOf(Buffer.from((await readFile(file, 'utf8')).trim(), 'hex'));
}

/** Rejects with what is wrong with it. Blanks, dashes and small letters do not matter, nor does O for 0 or I for 1. */
export function readRecoveryKey(text: string): Uint8Array {
  const plain = text.trim();
  if (/^[0-9a-f]{64}$/i.test(plain)) return Buffer.from(plain, 'hex'); // as it stands in the file
  const letters = plain.toUpperCase().replace(/[\s-]/g, '').replace(/O/g, '0').replace(/[IL]/g, '1');
  const wrong = (why: string): Failure => new Failure('bad_recovery_key', { why });
  const odd = [...letters].find((letter) => !ALPHABET.includes(letter));
  if (odd !== undefined) throw wrong(`"${odd}" is in no recovery key`);
  if (letters.length !== LETTERS) throw wrong(`it has ${letters.length} letters and digits, not ${LETTERS}`);
  const bytes = unbase32(letters);
  const key = bytes.subarray(0, KEY_BYTES);
  if (!checkOf(key).equals(bytes.subarray(KEY_BYTES, KEY_BYTES + CHECK_BYTES)))
    throw wrong('a letter or digit of it is wrong');
  return key;
}

function checkOf(key: Uint8Array): Buffer {
  return createHash('sha256').update('dumont recovery key').update(key).digest().subarray(0, CHECK_BYTES);
}

function base32(bytes: Uint8Array): string {
  let bits = '';
  for (const byte of bytes) bits += byte.toString(2).padStart(8, '0');
  return (bits.match(/.{1,5}/g) ?? []).map((five) => ALPHABET[Number.parseInt(five.padEnd(5, '0'), 2)]).join('');
}

function unbase32(letters: string): Buffer {
  const bits = [...letters].map((letter) => ALPHABET.indexOf(letter).toString(2).padStart(5, '0')).join('');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((eight) => Number.parseInt(eight, 2)));
}

/** Crockford's: no I, L, O or U. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const KEY_BYTES = 32;
const CHECK_BYTES = 3;
/** 280 bits, five in each: none is left over. */
const LETTERS = ((KEY_BYTES + CHECK_BYTES) * 8) / 5;
