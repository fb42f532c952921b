import * as z from 'zod';

const PAGE_MAX = 1_000;

/** Which part of a list, for all lists that can grow long. */
export const PAGE = {
  limit: z
    .string()
    .regex(/^[1-9]\d{0,3}$/, 'expected a whole number from 1 to 1000')
    .transform(Number)
    .pipe(z.number().max(PAGE_MAX))
    .default(PAGE_MAX),
  cursor: z.string().min(1).max(5_000).optional().describe('The next_cursor of the page before.'),
};

export const NextCursor = z
  .string()
  .nullable()
  .describe('Send it as `cursor` for those behind the last of these; null: there are none.');

interface Wanted {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/**
 * A part of a list that is in order of a key, descending unless told otherwise. Whoever follows the cursors sees each row once, whatever is added
 * or taken away meanwhile.
 */
export function pageOf<T>(
  rows: readonly T[],
  keyOf: (row: T) => string,
  { limit, cursor }: Wanted,
  order: 'ascending' | 'descending' = 'descending',
): { readonly page: readonly T[]; readonly next_cursor: string | null } {
  const isBehind = (key: string, last: string): boolean => (order === 'ascending' ? key > last : key < last);
  const behind = cursor === undefined ? rows : rows.filter((row) => isBehind(keyOf(row), cursor));
  const page = behind.slice(0, limit);
  const last = page.at(-1);
  return { page, next_cursor: last !== undefined && behind.length > limit ? keyOf(last) : null };
}

/** Numbers as text in the same order. */
export const ordered = (...numbers: readonly number[]): string =>
  numbers.map((number) => String(Math.max(0, Math.trunc(number))).padStart(15, '0')).join('-');
