import { z } from 'zod';
import type { Entries, Journal } from '../domain/journals.ts';
import { STATES } from '../domain/lifecycle.ts';

/** What a line of each journal must look like when it is read back. */

const at = z.number();

export const ENTRY_SHAPES: { readonly [J in Journal]: z.ZodType<Entries[J]> } = {
  boots: z.object({
    at,
    machine: z.string(),
    marketplace: z.string(),
    physical: z.string(),
    host: z.string(),
    image: z.string(),
    stage: z.enum(STATES),
    ms: z.number(),
    ok: z.boolean(),
    why: z.string(),
  }),
  ledger: z.object({
    at,
    workspace: z.string(),
    machine: z.string(),
    race: z.string().nullable(),
    for: z.enum(['gpu', 'waste', 'bandwidth', 'storage', 'requests', 'standby']),
    micro: z.number(),
    from: z.number(),
    until: z.number(),
  }),
  audit: z.object({
    at,
    by: z.string(),
    verb: z.string(),
    on: z.string(),
    result: z.string(),
    why: z.string(),
    from: z.string().optional(),
  }),
  events: z.object({
    at,
    number: z.number(),
    event: z.string(),
    workspace: z.string().nullable(),
    facts: z.record(z.string(), z.unknown()),
  }),
  drills: z.object({
    at,
    workspace: z.string(),
    snapshot: z.string(),
    ms: z.number(),
    bytes: z.number(),
    files: z.number(),
    ok: z.boolean(),
    why: z.string(),
  }),
};
