import type { Activity, AgentStatus, Reading } from '../../engine/domain/heartbeat.ts';
import { DEFAULTS } from '../../engine/domain/settings.ts';
import type { IdleRules } from '../../engine/domain/workspace.ts';
import { observe, type Seen, type SignName } from '../../engine/policy/activity.ts';
import type { IdleSight } from '../../engine/policy/hibernation.ts';

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const RULES = DEFAULTS.idle;

/** The engine's clock when the machine became usable: long enough ago that nobody is on the way any more. */
export const WOKEN = 1_700_000_000_000;
/** The machine's clock is off by so much. */
export const BEHIND_MS = 90 * SECOND;

export type Facts = Partial<Record<SignName, Partial<Reading> & { readonly absent?: boolean }>>;

const QUIET: Reading = { value: 0, lastAt: null, say: '' };

/** Heartbeats of a machine on which nothing happens but what is told: each `lastAt` by the engine's clock. */
export function status(at: number, facts: Facts = {}): AgentStatus {
  const reading = (sign: SignName): Reading => {
    const { lastAt = null, ...more } = facts[sign] ?? {};
    return { ...QUIET, ...more, lastAt: lastAt === null ? null : lastAt - BEHIND_MS };
  };
  const activity: Activity = {
    gpuPercent: { ...reading('gpuPercent'), absent: facts.gpuPercent?.absent ?? false },
    gpuMemoryMovedMb: reading('gpuMemoryMovedMb'),
    cpuPercent: reading('cpuPercent'),
    diskBytesPerSecond: reading('diskBytesPerSecond'),
    networkBytesPerSecond: reading('networkBytesPerSecond'),
    terminals: reading('terminals'),
    editors: reading('editors'),
    jupyterKernelsBusy: reading('jupyterKernelsBusy'),
  };
  return {
    protocol: 2,
    machine: 'm1',
    workspace: 'lab',
    epoch: 1,
    program: null,
    startedAt: WOKEN - BEHIND_MS,
    at: at - BEHIND_MS,
    activity,
    backup: {
      state: 'waiting',
      everyMs: 300_000,
      durableAt: null,
      changedAt: null,
      filesPending: 0,
      lastMs: null,
      failures: 0,
      failedWhy: null,
      watching: 'inotify',
    },
    taken: [],
    jobs: [],
    atRisk: { files: 0, bytes: 0 },
    tickets: 0,
    credentialsUntil: null,
  };
}

/** A heartbeat every ten seconds from one moment to another; `facts` says what each one tells. */
export function heard(
  from: number,
  to: number,
  facts: (at: number) => Facts = () => ({}),
  rules: IdleRules = RULES,
): Seen {
  let seen: Seen | null = null;
  for (let at = from; at <= to; at += 10 * SECOND) seen = observe(seen, status(at, facts(at)), rules, at);
  return JSON.parse(JSON.stringify(seen)) as Seen; // as it would come back from wherever it was kept
}

export function sight(seen: Seen | null, more: Partial<IdleSight> = {}): IdleSight {
  return {
    seen,
    rules: RULES,
    usableAt: WOKEN,
    keep: null,
    jobs: [],
    heardAt: seen?.at ?? null,
    complete: true,
    silentMs: DEFAULTS.agent.silentMs,
    now: seen?.at ?? WOKEN,
    ...more,
  };
}
