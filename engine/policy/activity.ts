import type { Activity, AgentStatus, Reading } from '../domain/heartbeat.ts';
import type { IdleRules } from '../domain/workspace.ts';

export type SignName = keyof Activity;

/**
 * What a machine's heartbeats have shown until now, as plain data. Every time in it is the engine's, since a machine's clock
 * may be off or jump.
 */
export interface Seen {
  /** The first and the last heartbeat of a series without a gap. Of the time before and after it, nothing is known. */
  readonly since: number;
  readonly at: number;
  readonly signs: Readonly<Record<SignName, Mark>>;
}

export interface Mark {
  /** What was last measured; null while that is unknown, and where there is nothing to measure. */
  readonly value: number | null;
  /** There is nothing to measure: no GPU. */
  readonly absent: boolean;
  /** It was a sign of life up to this moment, which lies in the future while somebody is attached; null: it never was. */
  readonly aliveUntil: number | null;
  /** Somebody did something then. */
  readonly touchedAt: number | null;
  /** The same as the machine said it: while its words stay the same nothing new happened, whatever its clock does. */
  readonly touchedRaw: number | null;
  /** Open without a break since then; null when nothing is open. */
  readonly openSince: number | null;
  /** Nothing is known of it since then; null while it is known. */
  readonly unknownSince: number | null;
  /** Since it was last a sign of life, this is when it could first not be measured: what comes and goes is not believed for ever. */
  readonly unknownFrom: number | null;
  /** The last moment at which it was measured. */
  readonly knownAt: number | null;
  /** In the agent's words: what was looked at, or why it could not be measured. */
  readonly say: string;
}

/** Folds one more heartbeat into what was seen before. */
export function observe(seen: Seen | null, status: AgentStatus, rules: IdleRules, now: number): Seen {
  const { activity } = status;
  const heard: Heard = { before: seen, now, aheadMs: now - status.at, rules };
  const gpuAbsent = activity.gpuPercent.absent;
  return {
    // Two moments that far apart do not show that nothing happened between them.
    since: seen && now - seen.at < rules.idleMs ? seen.since : now,
    at: now,
    signs: {
      gpuPercent: mark('gpuPercent', activity.gpuPercent, gpuAbsent, heard),
      gpuMemoryMovedMb: mark('gpuMemoryMovedMb', activity.gpuMemoryMovedMb, gpuAbsent, heard),
      cpuPercent: mark('cpuPercent', activity.cpuPercent, false, heard),
      diskBytesPerSecond: mark('diskBytesPerSecond', activity.diskBytesPerSecond, false, heard),
      networkBytesPerSecond: mark('networkBytesPerSecond', activity.networkBytesPerSecond, false, heard),
      terminals: mark('terminals', activity.terminals, false, heard),
      editors: mark('editors', activity.editors, false, heard),
      jupyterKernelsBusy: mark('jupyterKernelsBusy', activity.jupyterKernelsBusy, false, heard),
    },
  };
}

/** Somebody may be there although nothing moves: open is a weaker sign than at work, and ends after a while. */
export const ATTACHED: ReadonlySet<SignName> = new Set(['terminals', 'editors']);

/** From which value on a sign is one of life. */
export function threshold(sign: SignName, rules: IdleRules): number {
  switch (sign) {
    case 'gpuPercent':
      return rules.gpuBusyPercent;
    case 'gpuMemoryMovedMb':
      return rules.gpuMemoryMovedMb;
    case 'cpuPercent':
      return rules.cpuBusyPercent;
    case 'diskBytesPerSecond':
      return rules.diskBusyBytesPerSecond;
    case 'networkBytesPerSecond':
      return rules.networkBusyBytesPerSecond;
    case 'terminals':
    case 'editors':
    case 'jupyterKernelsBusy':
      return Number.MIN_VALUE; // one is enough; a mean may be less than one
  }
}

interface Heard {
  readonly before: Seen | null;
  readonly now: number;
  /** How far the engine's clock is ahead of the machine's. */
  readonly aheadMs: number;
  readonly rules: IdleRules;
}

function mark(sign: SignName, reading: Reading, absent: boolean, heard: Heard): Mark {
  const { before, now, aheadMs, rules } = heard;
  const last = before?.signs[sign] ?? null;
  const value = absent ? null : reading.value;
  const unknown = value === null && !absent;
  const wasKnown = last !== null && last.unknownSince === null;

  const touchedAt = touchOf(last, reading.lastAt, now, aheadMs);
  const above = value !== null && value >= threshold(sign, rules);
  const openSince = above && ATTACHED.has(sign) ? (last?.openSince ?? now) : null;
  const openUntil = openSince === null ? null : (touchedAt ?? openSince) + rules.attachedMs;
  const busyUntil = above && !ATTACHED.has(sign) ? now : null;
  // Who was attached and left was alive until then, and not for the rest of the hour.
  const past = last?.aliveUntil === undefined || last.aliveUntil === null ? null : Math.min(last.aliveUntil, now);
  const unknownSince = unknown ? (last?.unknownSince ?? (wasKnown && before ? before.at : now)) : null;
  const alive = above || (touchedAt !== null && touchedAt !== (last?.touchedAt ?? null));
  return {
    value,
    absent,
    aliveUntil: latest(past, touchedAt, busyUntil, openUntil),
    touchedAt,
    touchedRaw: reading.lastAt ?? last?.touchedRaw ?? null,
    openSince,
    unknownSince,
    unknownFrom: alive ? null : (last?.unknownFrom ?? unknownSince),
    knownAt: unknown ? (last?.knownAt ?? null) : now,
    say: reading.say,
  };
}

function touchOf(last: Mark | null, raw: number | null, now: number, aheadMs: number): number | null {
  if (raw === null || raw === last?.touchedRaw) return last?.touchedAt ?? null;
  return latest(last?.touchedAt ?? null, Math.min(now, raw + aheadMs));
}

function latest(...times: readonly (number | null)[]): number | null {
  const known = times.filter((time) => time !== null);
  return known.length === 0 ? null : Math.max(...known);
}
