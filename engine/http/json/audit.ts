import * as z from 'zod';
import type { Deed, Seal } from '../../domain/journals.ts';
import { NextCursor } from '../page.ts';
import { iso } from './wire.ts';

const DeedJson = z.object({
  at: z.iso.datetime(),
  by: z.string(),
  verb: z.string(),
  on: z.string(),
  from: z.string().nullable().describe('The address and what was shown there; null for what Dumont did by itself.'),
  result: z.string(),
  why: z.string(),
});
export const AuditJson = z.object({ deeds: z.array(DeedJson), next_cursor: NextCursor });
export type AuditJson = z.infer<typeof AuditJson>;

export const SealJson = z.object({
  whole: z.boolean(),
  entries: z.number(),
  head: z.string().nullable().describe('Note it down elsewhere: then a cut-off end shows too.'),
  broken: z.object({ file: z.string(), line: z.number(), why: z.string() }).nullable(),
});
export type SealJson = z.infer<typeof SealJson>;

export function deedJson({ at, by, verb, on, from, result, why }: Deed): z.infer<typeof DeedJson> {
  return { at: iso(at), by, verb, on, from: from ?? null, result, why };
}

export function sealJson(seal: Seal): SealJson {
  return { whole: seal.broken === null, entries: seal.entries, head: seal.head, broken: seal.broken };
}
