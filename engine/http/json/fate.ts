import * as z from 'zod';
import type { Fate } from '../../domain/snapshot.ts';
import { SnapshotJson, SOONEST, snapshotJson } from './snapshot.ts';
import { isoOrNull } from './wire.ts';

export const FatesJson = z.object({
  snapshots: z.array(
    SnapshotJson.extend({
      stays: z.boolean(),
      why: z.string(),
      until: z.iso.datetime().nullable().describe('When it goes if nothing changes; null: not by itself, or now.'),
      soonest: SOONEST,
      same_content_id: z.string().nullable().describe('One that stays and holds the same.'),
    }),
  ),
});
export type FatesJson = z.infer<typeof FatesJson>;

export function fatesJson(fates: readonly Fate[]): FatesJson {
  return {
    snapshots: fates.map(({ snapshot, stays, why, until, soonest, sameAs }) => ({
      ...snapshotJson(snapshot),
      stays,
      why,
      until: isoOrNull(until),
      soonest: isoOrNull(soonest),
      same_content_id: sameAs,
    })),
  };
}
