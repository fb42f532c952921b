import { createHash } from 'node:crypto';

/** Makes a mark over a text. With the installation's master key nobody else can make one. */
export type Mark = (text: string) => string;

export const plainMark: Mark = (text) => createHash('sha256').update(text).digest('base64url');

/**
 * Lines that hold on to each other: each carries a mark over itself and the mark before it. So one that is changed, taken
 * out or put in shows, and so does one that is cut off, to whoever noted the last mark down.
 */
export function sealed(
  entry: object,
  before: string | null,
  mark: Mark,
): { readonly text: string; readonly mark: string } {
  const own = mark(`${before ?? ''}\n${JSON.stringify(entry)}`);
  return { text: `${JSON.stringify({ ...entry, mark: own })}\n`, mark: own };
}

/** The mark of a line; null for one that was written before there were marks. */
export function markOf(line: string): string | null {
  const { mark } = JSON.parse(line) as { mark?: unknown };
  return typeof mark === 'string' ? mark : null;
}

/** Why this line does not follow the one with the mark `before`; null when it does. */
export function faultAfter(before: string | null, line: string, mark: Mark): string | null {
  const { mark: own, ...entry } = JSON.parse(line) as { mark?: unknown };
  if (own === undefined) return before === null ? null : 'it has no mark';
  const expected = mark(`${before ?? ''}\n${JSON.stringify(entry)}`);
  return own === expected ? null : 'it was changed, or one before it was changed, taken out or put in';
}
