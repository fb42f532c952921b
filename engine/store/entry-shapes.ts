import * as z from 'zod';
import { CHARGED_FOR, type Entries, type Journal } from '../domain/journals.ts';
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
    slow: z.boolean().optional(),
    mbps: z.number().optional(),
    restoredGb: z.number().optional(),
  }),
  ledger: z.preprocess(
    nameOldCharge,
    z.object({
      at,
      id: z.string().min(1),
      workspace: z.string(),
      owner: z.string(),
      machine: z.string().nullable(),
      race: z.string().nullable(),
      for: z.enum(CHARGED_FOR),
      source: z.enum(['metered', 'charged']),
      micro: z.number().int(),
      from: z.number(),
      until: z.number(),
      settles: z.string().nullable(),
      marketMicro: z.number().int().nullable(),
    }),
  ),
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
    part: z.boolean().optional(),
    ok: z.boolean(),
    why: z.string(),
  }),
};

/** The first ones had no name: each machine had one entry, which a crash could write twice. */
function nameOldCharge(line: unknown): unknown {
  if (typeof line !== 'object' || line === null || 'id' in line || !('machine' in line)) return line;
  return { id: `m/${line.machine}`, owner: '', source: 'metered', settles: null, marketMicro: null, ...line };
}
