import * as z from 'zod';
import type { RestorePlan } from '../../domain/doors.ts';
import { RestorePriceJson, restorePriceJson } from './plan.ts';
import { QuoteJson, quoteJson } from './quote.ts';
import { iso, isoOrNull } from './wire.ts';

export const RestorePlanJson = z.object({
  files: z.number(),
  bytes: z.number().describe('Of what was asked for.'),
  on_machine: z
    .object({
      same: z.number().describe('Files that are there already as the snapshot has them.'),
      in_the_way: z.number().describe('Files that would be overwritten or, with "into", stay with a copy beside them.'),
      in_the_way_bytes: z.number(),
      rounds: z
        .number()
        .describe(
          '1: all is staged before any takes its place. More: in so many parts, for want of room, each compared before it takes its place.',
        ),
    })
    .nullable()
    .describe('What it meets on the running machine; null of a new one.'),
  sets_aside: z
    .object({ snapshot_id: z.string(), created_at: z.iso.datetime(), until: z.iso.datetime().nullable() })
    .nullable()
    .describe('The newest good one, which holds what this one does not; it stays until then or, with null, pinned.'),
  price: RestorePriceJson.describe('What storage asks for it.'),
  quote: QuoteJson.nullable().describe('What a new machine would cost.'),
});
export type RestorePlanJson = z.infer<typeof RestorePlanJson>;

export function restorePlanJson({ files, bytes, onMachine, setsAside, price, quote }: RestorePlan): RestorePlanJson {
  return {
    files,
    bytes,
    on_machine: onMachine && {
      same: onMachine.same,
      in_the_way: onMachine.inTheWay,
      in_the_way_bytes: onMachine.inTheWayBytes,
      rounds: onMachine.rounds,
    },
    sets_aside: setsAside && {
      snapshot_id: setsAside.newest.id,
      created_at: iso(setsAside.newest.createdAt),
      until: isoOrNull(setsAside.until),
    },
    price: restorePriceJson(price),
    quote: quote && quoteJson(quote),
  };
}
