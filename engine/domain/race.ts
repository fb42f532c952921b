import type { Need, Offer } from './marketplace.ts';
import type { MicroDollars } from './money.ts';

/** A race is a saved row: N machines on their way to one claim on a workspace. A crash resumes it from here. */
export interface Race {
  readonly id: string;
  readonly version: number;
  readonly workspace: string;
  readonly operation: string;
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly plan: RacePlan;
  readonly need: Need;
  readonly racers: readonly Racer[];
  /** Of the median offer that fitted when it began; null before anybody looked. */
  readonly marketDollarsPerHour: number | null;
  /** The machine that holds the claim, once one does. It has won only when it is usable. */
  readonly claimed: string | null;
  /** What the race decided about a machine; its driver reads this and acts. */
  readonly verdicts: Readonly<Record<string, Verdict>>;
  readonly outcome: RaceOutcome | null;
}

export interface RaceOutcome {
  readonly winner: string | null;
  readonly why: string;
  /** What the losers cost: an estimate until it is `counted`, since they cost on until they are surely gone. */
  readonly wasteMicro: MicroDollars;
  /** It is what the ledger says. */
  readonly counted: boolean;
}

/** Nobody runs in it yet. */
export function newRace(own: Pick<Race, 'id' | 'workspace' | 'operation' | 'startedAt' | 'plan' | 'need'>): Race {
  return {
    ...own,
    version: 0,
    endedAt: null,
    racers: [],
    marketDollarsPerHour: null,
    claimed: null,
    verdicts: {},
    outcome: null,
  };
}

/** Why a race lets a machine go. A slow one was too late for its deadline, and its host is remembered for it. */
export interface Verdict {
  readonly why: string;
  readonly slow: boolean;
}

/** An intent to rent. Saved in the race before the machine's own row, so no machine can exist that its race does not know. */
export interface Racer {
  readonly machine: string;
  readonly label: string;
  readonly offer: Offer;
  readonly round: number;
  readonly at: number;
  /** Past this it is late, and another may start beside it; missing where only rounds count. */
  readonly patienceMs?: number | undefined;
  /** What its host pulls at our expense before it runs. */
  readonly pullGb?: number | undefined;
}

/** How a race is run. Data, so that benchmarks can put plans side by side. */
export interface RacePlan {
  readonly batch: number;
  readonly rounds: number;
  readonly roundMs: number;
  /** Another machine starts as soon as one is later than its host usually is, instead of a whole batch after a round. */
  readonly hedged: boolean;
  /** Never more machines than this billed at once. */
  readonly billedMax: number;
  /** The race stops renting when its own cost would pass this. */
  readonly capMicro: MicroDollars;
  readonly deadlines: StageDeadlines;
  /** One runner-up may live until the winner is usable, at most this long. */
  readonly runnerUpMs: number;
}

/** Counted from the departure of each stage's call. */
export interface StageDeadlines {
  readonly createMs: number;
  readonly connectMs: number;
  /** For tools that do not arrive; those that keep arriving may take `installMaxMs`. */
  readonly installMs: number;
  readonly installMaxMs: number;
  /** For the check of GPUs, disk, clock and storage. A driver may take long to wake many GPUs. */
  readonly readyMs: number;
  readonly usableMs: number;
}
