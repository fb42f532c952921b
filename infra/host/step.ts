import { createHash } from 'node:crypto';
import { quote } from '../../engine/ssh/quote.ts';
import type { File } from './wanted.ts';

/**
 * One thing that shall be so on the host. `check` is a line of shell that succeeds when it is; `make` are the lines that
 * make it so, run only when it is not, and `check` has the last word. Done twice, the second time does nothing.
 */
export interface Step {
  readonly name: string;
  readonly check: string;
  readonly make: string;
}

export const word = (text: string): string => quote([text]);

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** A file appears whole, with its mode, under its name; its text comes on standard input and in no argument. */
export function fileStep(file: File): Step {
  return { name: `file ${file.path}`, check: fileCheck(file), make: fileMake(file) };
}

export function fileCheck({ path, mode, text }: File): string {
  return `is_file ${word(path)} ${sha256(text)} ${mode.slice(1)}`;
}

export function fileMake({ path, mode, text }: File): string {
  const encoded = Buffer.from(text).toString('base64').replace(/.{76}/g, '$&\n');
  return `put_file ${word(path)} ${mode} <<'.'\n${encoded}\n.`;
}

/** A file that shall not be there (any more). */
export function absence(path: string, make = `rm -f ${word(path)}`): Step {
  return { name: `no ${path}`, check: `[ ! -e ${word(path)} ]`, make };
}
