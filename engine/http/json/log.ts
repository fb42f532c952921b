import * as z from 'zod';
import { LEVELS, type PlacedLine } from '../../domain/log.ts';
import { NextCursor } from '../page.ts';
import { iso, snaked } from './wire.ts';

const LogLineJson = z.object({
  place: z.string().describe('Where it stands: `after`, or Last-Event-ID, to go on from there.'),
  at: z.iso.datetime(),
  level: z.enum(LEVELS),
  event: z.string(),
  machine_id: z.string().nullable().describe("Whose agent said it, and it is no more than that machine's word."),
  facts: z.record(z.string(), z.unknown()),
});
export type LogLineJson = z.infer<typeof LogLineJson>;

export const LogLinesJson = z.object({ lines: z.array(LogLineJson), next_cursor: NextCursor });
export type LogLinesJson = z.infer<typeof LogLinesJson>;

export function logLineJson({ place, at, level, event, by, facts }: PlacedLine): LogLineJson {
  return { place, at: iso(at), level, event, machine_id: by, facts: snaked(facts) as LogLineJson['facts'] };
}
