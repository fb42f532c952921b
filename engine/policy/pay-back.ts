import { costOf, dollars, type MicroDollars } from '../domain/money.ts';
import { duration } from './idle-words.ts';

export interface PayBackSight {
  readonly dollarsPerHour: number;
  /** How long a wake took until somebody could work, in the middle; null before the first. */
  readonly wakeMs: number | null;
  /** What a race of this workspace wasted, in the middle; null before the first. */
  readonly wasteMicro: MicroDollars | null;
  readonly restoreBytes: number;
  readonly dollarsPerGbDown: number;
  /** How long it slept before, in the middle; null where it never did. */
  readonly sleepMs: number | null;
}

/** Whether sleeping is worth it, and from when on. */
export interface PayBack {
  /** Null: nobody knows for how long it will sleep. */
  readonly worth: boolean | null;
  /** Asleep for longer than this it has paid for the wake that follows. */
  readonly afterMs: number;
  readonly wakeMicro: MicroDollars;
  readonly why: string;
}

/** What waking again costs: machines that race, files that travel, and the machine while nobody can work yet. */
export function payBack(sight: PayBackSight): PayBack {
  const { dollarsPerHour, wakeMs, wasteMicro, restoreBytes, dollarsPerGbDown, sleepMs } = sight;
  const travel = Math.round((restoreBytes / 1e9) * dollarsPerGbDown * 1e6);
  const wakeMicro = (wasteMicro ?? 0) + travel + costOf(dollarsPerHour, wakeMs ?? WAKE_MS);
  const hour = costOf(dollarsPerHour, HOUR_MS);
  const afterMs = hour === 0 ? Number.POSITIVE_INFINITY : Math.round((wakeMicro / hour) * HOUR_MS);
  const wake = `waking it again costs about ${dollars(wakeMicro)}`;
  if (!Number.isFinite(afterMs)) return { worth: false, afterMs, wakeMicro, why: `${wake}, and the machine nothing` };
  const pays = `asleep pays after ${duration(afterMs)}: ${wake}`;
  if (sleepMs === null) return { worth: null, afterMs, wakeMicro, why: pays };
  const worth = sleepMs > afterMs;
  const usual = `it usually sleeps for ${duration(sleepMs)}`;
  const saves = dollars(costOf(dollarsPerHour, sleepMs) - wakeMicro);
  const why = worth ? `${pays}; ${usual}, which saves ${saves}` : `${pays}, and ${usual}: it may not be worth it`;
  return { worth, afterMs, wakeMicro, why };
}

const HOUR_MS = 3_600_000;
/** Until somebody can work, where nobody has waited for it yet. */
const WAKE_MS = 60_000;
