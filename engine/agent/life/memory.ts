import { join } from 'node:path';
import { z } from 'zod';
import { readIfThere, writeDurably } from '../durable.ts';
import type { Place } from '../place.ts';
import { lifeFolder } from './living.ts';
import { Moment } from './moment.ts';

/** What the agent writes down for the one that lives after it. Nothing secret is in it. */
const Memory = z.object({
  workspace: z.string(),
  /** Everything up to here is in storage, in this snapshot. */
  durable: z.object({ at: Moment, snapshot: z.string() }).nullable(),
  lastMs: z.number().nullable(),
  /** What that snapshot left out and should not have. */
  atRisk: z.object({ files: z.number().int(), bytes: z.number() }),
  /** The highest place in the catalogue that was used here. */
  sequence: z.number().int(),
});
export type Memory = z.infer<typeof Memory>;

/** Of another workspace nothing is remembered. */
export function readMemory(place: Place, workspace: string): Memory {
  const nothing: Memory = { workspace, durable: null, lastMs: null, atRisk: { files: 0, bytes: 0 }, sequence: 0 };
  try {
    const memory = Memory.parse(JSON.parse(readIfThere(fileOf(place)) ?? 'null'));
    return memory.workspace === workspace ? memory : nothing;
  } catch {
    return nothing; // none yet, or torn: it only costs one backup more
  }
}

export function writeMemory(place: Place, memory: Memory): void {
  writeDurably(fileOf(place), JSON.stringify(memory));
}

const fileOf = (place: Place): string => join(lifeFolder(place), 'memory.json');
