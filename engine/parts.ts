import { upkeep } from './backups/upkeep.ts';
import { decide } from './policy/race.ts';
import { STEPS } from './steps/steps.ts';

/** The tables that the loops execute. Benchmarks put other race rules here, and the simulation plants law-breakers. */
export interface Parts {
  readonly steps: typeof STEPS;
  readonly decide: typeof decide;
  readonly upkeep: typeof upkeep;
}

export const PARTS: Parts = { steps: STEPS, decide, upkeep };
