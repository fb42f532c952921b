import * as z from 'zod';
import type { FileDifference, FileEntry } from '../../domain/doors.ts';
import { NextCursor } from '../page.ts';
import { iso, snaked } from './wire.ts';

const EntryJson = z.object({
  name: z.string(),
  type: z.enum(['file', 'dir', 'link', 'other']),
  mtime: z.iso.datetime(),
  size_bytes: z.number().describe('Of a directory: all that lies below it.'),
  files: z.number(),
  sha256: z.string().nullable().describe('Null for what is no file, and for one that was being written.'),
  mode: z
    .number()
    .nullable()
    .describe('Its rights, as chmod takes them; null for a directory of which nothing was saved.'),
  target: z.string().nullable().describe('Where a link leads; null for all else.'),
});
export const EntriesJson = z.object({ entries: z.array(EntryJson), next_cursor: NextCursor });
export type EntriesJson = z.infer<typeof EntriesJson>;

const DifferenceJson = z.object({
  path: z.string(),
  change: z.enum(['added', 'removed', 'changed']),
  bytes_before: z.number(),
  bytes_after: z.number(),
});
export const DifferencesJson = z.object({
  differences: z.array(DifferenceJson),
  counts: z.object({ added: z.number(), removed: z.number(), changed: z.number() }),
  next_cursor: NextCursor,
});
export type DifferencesJson = z.infer<typeof DifferencesJson>;

export function entryJson({ mtimeMs, ...rest }: FileEntry): z.infer<typeof EntryJson> {
  return { ...snaked(rest), mtime: iso(mtimeMs) };
}

export function differenceJson(difference: FileDifference): z.infer<typeof DifferenceJson> {
  return snaked(difference);
}
