import { join } from 'node:path';
import * as z from 'zod';
import { readIfThere } from '../files/whole-file.ts';
import { writeDurably } from './durable.ts';
import type { Place } from './place.ts';

/** Whose files lie on this machine. Written before the first of them arrives; without it a machine holds no work. */
const Claim = z.object({
  workspace: z.string(),
  epoch: z.number().int(),
  /** What was restored; null for a new workspace. */
  snapshot: z.string().nullable(),
  complete: z.boolean(),
});
export type Claim = z.infer<typeof Claim>;

export function readClaim(place: Place): Claim | null {
  const text = readIfThere(fileOf(place));
  return text === null ? null : Claim.parse(JSON.parse(text));
}

export function writeClaim(place: Place, claim: Claim): void {
  writeDurably(fileOf(place), JSON.stringify(claim));
}

const fileOf = (place: Place): string => join(place.home, 'claim.json');
