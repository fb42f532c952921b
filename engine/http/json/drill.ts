import * as z from 'zod';
import type { Drill } from '../../domain/journals.ts';
import { NextCursor } from '../page.ts';
import { iso } from './wire.ts';

const DrillJson = z.object({
  at: z.iso.datetime(),
  instance_id: z.string(),
  snapshot_id: z.string(),
  ms: z.number().describe('Of the restore alone.'),
  bytes: z.number(),
  file_count: z.number().describe('Of the whole snapshot.'),
  part: z
    .boolean()
    .describe('Only some of its files, the next ones each time: it is more than the control host has room for.'),
  ok: z.boolean(),
  why: z.string(),
});
export type DrillJson = z.infer<typeof DrillJson>;

export const DrillsJson = z.object({
  p50_ms: z
    .number()
    .nullable()
    .describe('Of those that brought all of a snapshot and went well, the pages before too.'),
  p95_ms: z.number().nullable(),
  samples: z.number(),
  drills: z.array(DrillJson),
  next_cursor: NextCursor,
});
export type DrillsJson = z.infer<typeof DrillsJson>;

export function drillJson({ at, workspace, snapshot, ms, bytes, files, part = false, ok, why }: Drill): DrillJson {
  return { at: iso(at), instance_id: workspace, snapshot_id: snapshot, ms, bytes, file_count: files, part, ok, why };
}
