import type { State } from '../domain/lifecycle.ts';
import { booting } from './booting.ts';
import { installing } from './installing.ts';
import { lost } from './lost.ts';
import { paused } from './paused.ts';
import { releasing } from './releasing.ts';
import { renting } from './renting.ts';
import { restoring } from './restoring.ts';
import { running } from './running.ts';
import { saving } from './saving.ts';
import { standingBy } from './standing-by.ts';
import type { Step } from './step.ts';
import { stranded } from './stranded.ts';

/** Each state of a machine and the one file that does its work. `gone` is settled: nothing is left to do. */
export const STEPS: Readonly<Record<Exclude<State, 'gone'>, Step>> = {
  renting,
  booting,
  installing,
  'standing-by': standingBy,
  restoring,
  running,
  saving,
  paused,
  stranded,
  lost,
  releasing,
};
