/** What the agent knows when it asks itself whether to back up. Times are of a clock that only goes forward. */
export interface Situation {
  readonly now: number;
  /** From one backup to the next; null: none for now. */
  readonly planMs: number | null;
  /** Why none may start although there is a plan; null when one may. */
  readonly heldBy: string | null;
  readonly changed: boolean;
  readonly startedAt: number | null;
  /** The last ones failed: not before this. */
  readonly retryAt: number | null;
  /** When it was last looked whether something changed, and how often that is worth its cost. */
  readonly lookedAt: number | null;
  readonly lookEveryMs: number;
  readonly tickets: number;
  /** When a ticket was last asked for. */
  readonly askedAt: number | null;
  readonly heartbeatMs: number;
  /** Since the engine was last heard. */
  readonly silentMs: number;
}

export type Next =
  | { readonly do: 'wait'; readonly ms: number; readonly why: string }
  | { readonly do: 'look' }
  | { readonly do: 'ask' }
  | { readonly do: 'back-up' };

export function nextBackup(seen: Situation): Next {
  if (seen.planMs === null) return wait(FOREVER_MS, 'there is no plan');
  if (seen.heldBy !== null) return wait(HELD_MS, seen.heldBy);
  const dueAt = Math.max(seen.startedAt === null ? 0 : seen.startedAt + everyMs(seen), seen.retryAt ?? 0);
  if (seen.now < dueAt) return wait(dueAt - seen.now, 'the plan');
  if (!seen.changed) {
    const lookAt = seen.lookedAt === null ? 0 : seen.lookedAt + seen.lookEveryMs;
    if (seen.now >= lookAt) return { do: 'look' };
    return wait(lookAt - seen.now, 'nothing changed');
  }
  // An engine that does not answer has no tickets to give, and the work should be in storage all the same.
  if (seen.tickets > 0 || seen.silentMs > silentAfterMs(seen)) return { do: 'back-up' };
  const askAt = seen.askedAt === null ? 0 : seen.askedAt + seen.heartbeatMs;
  return seen.now >= askAt ? { do: 'ask' } : wait(askAt - seen.now, 'it has no ticket');
}

/** From start to start. While nobody listens, what each backup costs in storage weighs more than a few minutes of work. */
export function everyMs(seen: Pick<Situation, 'planMs' | 'silentMs'>): number {
  return Math.max(seen.planMs ?? 0, seen.silentMs > QUIET_AFTER_MS ? QUIET_EVERY_MS : 0);
}

/** Until a failed backup is tried again. */
export function retryMs(failures: number, planMs: number): number {
  return Math.min(planMs * 2 ** Math.min(failures - 1, 20), Math.max(planMs, RETRY_MAX_MS));
}

const silentAfterMs = ({ heartbeatMs }: Situation): number => SILENT_BEATS * heartbeatMs;

function wait(ms: number, why: string): Next {
  return { do: 'wait', ms, why };
}

const FOREVER_MS = 24 * 60 * 60_000;
/** What holds it is looked at again so often; it also rings when it lets go. */
const HELD_MS = 5_000;
const QUIET_AFTER_MS = 2 * 60_000;
const QUIET_EVERY_MS = 10 * 60_000;
const RETRY_MAX_MS = 5 * 60_000;
const SILENT_BEATS = 3;
