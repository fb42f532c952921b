import { writeWhole } from '../files/whole-file.ts';

/** Whoever reads the file finds the old text or the new one, whole, even after the power went. */
export function writeDurably(file: string, text: string | Uint8Array): void {
  writeWhole(file, text, { durable: true });
}

export function codeOf(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
}
