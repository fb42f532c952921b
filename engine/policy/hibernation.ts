import type { Verdict } from '../domain/doors.ts';
import type { Settings } from '../domain/settings.ts';
import { type IdleRules, type Job, programOf, type Workspace } from '../domain/workspace.ts';
import { ATTACHED, type Seen, type SignName, threshold } from './activity.ts';
import { busyWords, clockTime, duration, idleWords, openWords, SIGN, touchWords } from './idle-words.ts';

/** All that is known about whether somebody needs this machine right now. */
export interface IdleSight {
  /** Null: it has not been heard since the engine began to listen. */
  readonly seen: Seen | null;
  readonly rules: IdleRules;
  /** Somebody could work on it from then on. */
  readonly usableAt: number;
  readonly keep: Workspace['keep'];
  /** When the last program ended that was started by us. */
  readonly jobEndedAt?: number | null;
  /** Those that have not ended. */
  readonly jobs: readonly Job[];
  readonly heardAt: number | null;
  /** All files of the restore are there. */
  readonly complete: boolean;
  readonly now: number;
  /** The engine cannot have heard anything earlier than this; a machine is not put to sleep for the engine's own absence. */
  readonly listeningSince?: number;
  /** Not heard for this long, nothing is known of it. */
  readonly silentMs: number;
}

/** The workspace's own rules on top of the installation's. */
export function rulesFor(workspace: Pick<Workspace, 'spec'>, settings: Pick<Settings, 'idle'>): IdleRules {
  return { ...settings.idle, ...workspace.spec.idle };
}

/** Should this machine fall asleep? Any sign of life keeps it up; the strongest one is the reason given. */
export function hibernation(sight: IdleSight): Verdict {
  const verdict = byItself(sight);
  if (sight.rules.hibernate || !verdict.sleep) return verdict;
  return { ...verdict, sleep: false, why: `${verdict.why}; it never falls asleep by itself` };
}

function byItself(sight: IdleSight): Verdict {
  const { rules, now, seen } = sight;
  const held = heldUp(sight);
  if (held !== null) return stay(held);

  const silent = sight.heardAt === null || now - sight.heardAt > sight.silentMs;
  const lively = seen && !silent ? livelySign(seen, rules, now) : null;
  if (lively !== null) return stay(lively);
  if (now - sight.usableAt < rules.firstMs) return stay(`woken ${duration(now - sight.usableAt)} ago`);
  const attached = seen && !silent ? attachedSign(seen, now) : null;
  if (attached !== null) return stay(attached);

  const since = quietSince(sight);
  if (silent) return silence(sight, since);
  const unknown = seen ? unknownSign(seen, rules, now) : null;
  if (unknown !== null) return stay(unknown, since);
  const quietMs = now - since;
  const how = seen ? idleWords(seen, now) : '';
  if (quietMs < rules.idleMs) return stay(`idle for only ${duration(quietMs)}: ${how}`, since);
  return { sleep: true, why: `idle for ${duration(quietMs)}: ${how}`, quietSince: since };
}

/** What keeps it awake, whether anything stirs on it or not. */
function heldUp({ keep, jobs, complete, now }: IdleSight): string | null {
  if (keep !== null && now < keep.until) return `kept awake by ${keep.by} until ${clockTime(keep.until, now)}`;
  const [job] = jobs;
  if (job) return `runs "${programOf(job.argv)}"${jobs.length > 1 ? ` and ${jobs.length - 1} more` : ''}`;
  return complete ? null : 'its files are still arriving';
}

/** Somebody or something is at work: above its threshold in the last heartbeat, or touched a moment ago. */
function livelySign(seen: Seen, rules: IdleRules, now: number): string | null {
  for (const sign of STRONGEST_FIRST) {
    const mark = seen.signs[sign];
    if (!ATTACHED.has(sign) && mark.value !== null && mark.value >= threshold(sign, rules))
      return busyWords(sign, mark.value);
    if (mark.touchedAt !== null && now - mark.touchedAt < rules.idleMs) return touchWords(sign, now - mark.touchedAt);
  }
  return null;
}

/** Somebody is logged in and touches nothing. */
function attachedSign(seen: Seen, now: number): string | null {
  for (const sign of STRONGEST_FIRST) {
    const { openSince, aliveUntil, touchedAt, value } = seen.signs[sign];
    if (openSince === null || aliveUntil === null || now >= aliveUntil) continue;
    return openWords(sign, value ?? 0, now - (touchedAt ?? openSince));
  }
  return null;
}

function unknownSign(seen: Seen, rules: IdleRules, now: number): string | null {
  for (const sign of STRONGEST_FIRST) {
    const { unknownSince, unknownFrom, knownAt, say } = seen.signs[sign];
    const from = unknownFrom ?? unknownSince;
    if (unknownSince === null || from === null || now - from >= rules.unknownMs) continue;
    if (knownAt !== null && now - knownAt < BLIP_MS) continue; // measured a moment ago: it has hardly changed
    const left = duration(rules.unknownMs - (now - from));
    return `${SIGN[sign]} cannot be measured${say && ` (${say})`}, which counts as alive for ${left} more`;
  }
  return null;
}

const BLIP_MS = 60_000;

/** It may be that somebody works on it, and only we do not hear of it. That is believed for a while. */
function silence({ heardAt, rules, now, usableAt, listeningSince = usableAt }: IdleSight, since: number): Verdict {
  const unknownSince = heardAt ?? Math.max(usableAt, listeningSince);
  const silentMs = now - unknownSince;
  const why = `nothing was heard of it for ${duration(silentMs)}`;
  if (silentMs >= rules.unknownMs) return { sleep: true, why, quietSince: since };
  return stay(`${why}, which counts as alive for ${duration(rules.unknownMs - silentMs)} more`, since);
}

/**
 * The last moment at which anything was seen on it. What was before the first heartbeat, and what the engine itself missed,
 * nobody knows: it counts as life.
 */
function quietSince({ seen, usableAt, listeningSince = usableAt, jobEndedAt = null, now }: IdleSight): number {
  const alive = seen === null ? [] : Object.values(seen.signs).map((mark) => mark.aliveUntil ?? 0);
  const known = Math.max(usableAt, jobEndedAt ?? 0, seen?.since ?? Math.max(usableAt, listeningSince), ...alive);
  return Math.min(known, now);
}

function stay(why: string, since: number | null = null): Verdict {
  return { sleep: false, why, quietSince: since };
}

const STRONGEST_FIRST: readonly SignName[] = [
  'gpuPercent',
  'jupyterKernelsBusy',
  'terminals',
  'editors',
  'cpuPercent',
  'gpuMemoryMovedMb',
  'diskBytesPerSecond',
  'networkBytesPerSecond',
];
