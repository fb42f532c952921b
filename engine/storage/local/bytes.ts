import { isUtf8 } from 'node:buffer';
import { S3Error } from './s3-error.ts';

/**
 * Keys, prefixes and paths are kept as byte strings: one character per byte of their UTF-8 form. Comparing two of them
 * with `<` is then the byte order that lists are in, which the order of UTF-16 code units is not.
 */
export type Bytes = string;

export function bytesOf(text: string): Bytes {
  return Buffer.from(text, 'utf8').toString('latin1');
}

export function textOf(bytes: Bytes): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

export function percentDecode(raw: string): Bytes {
  if (!raw.includes('%')) return raw;
  return raw.replace(/%(..?)?/g, (_, hex: string | undefined) => {
    if (!hex || !/^[0-9a-fA-F]{2}$/.test(hex)) throw new S3Error('InvalidURI');
    return String.fromCharCode(Number.parseInt(hex, 16));
  });
}

/** As signature version 4 has it: everything but unreserved characters, in upper-case hexadecimal. */
export function percentEncode(bytes: Bytes, keep: 'slashes' | 'nothing'): string {
  const encoded = bytes.replace(/[^A-Za-z0-9\-._~/]/g, escapeByte);
  return keep === 'slashes' ? encoded : encoded.replaceAll('/', '%2F');
}

function escapeByte(byte: string): string {
  return `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}

const KEY_BYTES_MAX = 1024;

export function checkKey(key: Bytes): void {
  if (key.length > KEY_BYTES_MAX || !isUtf8(Buffer.from(key, 'latin1'))) throw new S3Error('InvalidObjectName');
}
