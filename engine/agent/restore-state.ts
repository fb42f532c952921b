import { join } from 'node:path';
import * as z from 'zod';
import { readIfThere } from '../files/whole-file.ts';
import { writeDurably } from './durable.ts';
import { PARTS } from './fetch-share.ts';
import type { Place } from './place.ts';

/** How far a restore came, so that it goes on there after it was killed. */
const State = z.object({
  snapshot: z.string(),
  epoch: z.number().int(),
  /** Everything of the part is in its staging directories, compared. From now on it is only moved. */
  fetched: z.array(z.enum(PARTS)),
  placed: z.array(z.enum(PARTS)),
  keptBoth: z.array(z.object({ path: z.string(), beside: z.string() })),
});
export type RestoreState = z.infer<typeof State>;

export function readState(place: Place): RestoreState | null {
  const text = readIfThere(fileOf(place));
  return text === null ? null : State.parse(JSON.parse(text));
}

export function writeState(place: Place, state: RestoreState): void {
  writeDurably(fileOf(place), JSON.stringify(state));
}

const fileOf = (place: Place): string => join(place.home, 'restore', 'state.json');
