import { join } from 'node:path';
import * as z from 'zod';
import { BadLine } from '../../domain/agent-shapes.ts';
import { readIfThere } from '../../files/whole-file.ts';
import { writeDurably } from '../durable.ts';
import type { Place } from '../place.ts';
import { lifeFolder } from './living.ts';
import { Moment } from './moment.ts';

/** What the agent writes down for the one that lives after it. Nothing secret is in it. */
const Memory = z.object({
  workspace: z.string(),
  /** Everything up to here is in storage. */
  durableAt: Moment.nullable(),
  /** The newest snapshot that was taken here, whatever became of it: the next one is compared with it. */
  parent: z.string().nullable(),
  /** The newest whole manifest that the engine has, and how many were told as a change of it. */
  base: z.object({ snapshot: z.string(), changes: z.number().int() }).nullable(),
  lastMs: z.number().nullable(),
  /** What that snapshot left out and should not have. */
  atRisk: z.object({ files: z.number().int(), bytes: z.number() }),
  badLines: z.array(BadLine).default([]),
  /** The highest place in the catalogue that was used here. */
  sequence: z.number().int(),
});
export type Memory = z.infer<typeof Memory>;

/** Of another workspace nothing is remembered. */
export function readMemory(place: Place, workspace: string): Memory {
  const nothing: Memory = { ...NOTHING, workspace };
  try {
    const memory = Memory.parse(JSON.parse(readIfThere(fileOf(place)) ?? 'null'));
    return memory.workspace === workspace ? memory : nothing;
  } catch {
    return nothing; // none yet, or torn: it only costs one backup more
  }
}

const NOTHING = {
  durableAt: null,
  parent: null,
  base: null,
  lastMs: null,
  atRisk: { files: 0, bytes: 0 },
  badLines: [],
  sequence: 0,
};

export function writeMemory(place: Place, memory: Memory): void {
  writeDurably(fileOf(place), JSON.stringify(memory));
}

const fileOf = (place: Place): string => join(lifeFolder(place), 'memory.json');
