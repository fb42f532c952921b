import type { AlertKind } from '../domain/alert.ts';
import type { AgentStatus } from '../domain/heartbeat.ts';
import type { Machine } from '../domain/lifecycle.ts';
import { perHour } from '../domain/money.ts';
import type { UpkeepLimits } from '../domain/settings.ts';
import { newestGood, type Snapshot } from '../domain/snapshot.ts';
import { backupBytes, type Upkeep } from '../domain/upkeep.ts';
import { duration } from './idle-words.ts';

export interface AlertSight {
  /** The machine that holds the workspace, if one does. */
  readonly machine: Machine | null;
  /** What it said last, if that was lately. */
  readonly status: Pick<AgentStatus, 'backup' | 'credentialsUntil'> | null;
  readonly snapshots: readonly Snapshot[];
  readonly upkeep: Upkeep | null;
  readonly storageBytesMax: number;
  readonly hasVault: boolean;
  readonly now: number;
}

export type Alarm = readonly [kind: AlertKind, why: string];

/** What a person should look at, of one workspace, right now. */
export function alarms(sight: AlertSight, limits: UpkeepLimits): readonly Alarm[] {
  return [
    failing(sight),
    late(sight, limits),
    full(sight),
    drilled(sight),
    damaged(sight),
    behind(sight, limits),
    stuck(sight, limits),
    ending(sight, limits),
  ].filter((alarm) => alarm !== null);
}

/** Why somebody should look at this machine: it costs, and for long nobody could use it, or end it. */
export function stuckMachine(machine: Machine, afterMs: number, now: number): string | null {
  const { state, since, departedAt, entered, marketplace, instance, label, offer } = machine;
  const name = `${instance ?? label} at ${marketplace}`;
  const costs = `costs up to ${perHour(offer.dollarsPerHour)}`;
  if (state === 'stranded' && now - since >= afterMs)
    return `${name} does not answer and ${costs}; what is on it may be nowhere else`;
  if (state === 'releasing' && departedAt !== null && now - (entered.releasing ?? since) >= afterMs)
    return `${name} was told to end and is not surely gone; until then it ${costs}`;
  return null;
}

function failing({ status }: AlertSight): Alarm | null {
  const { failures, failedWhy } = status?.backup ?? { failures: 0, failedWhy: null };
  return failures >= FAILURES
    ? ['backups_failing', `${failures} backups in a row failed: ${failedWhy ?? 'nobody knows why'}`]
    : null;
}

/** Something changed, and its backup should have begun long ago. A machine that says nothing is late from its last word on. */
function late({ machine, status, snapshots, now }: AlertSight, { lateMs }: UpkeepLimits): Alarm | null {
  if (machine?.state === 'stranded') {
    const since = Math.max(machine.since, newestGood(snapshots)?.createdAt ?? 0);
    return now - since > lateMs ? ['backup_late', `its machine has been silent for ${duration(now - since)}`] : null;
  }
  if (machine?.state !== 'running' || !machine.complete || !status || status.backup.state === 'off') return null;
  const { changedAt, everyMs, lastMs } = status.backup;
  if (changedAt === null) return null;
  const lateBy = now - changedAt - everyMs - (lastMs ?? 0);
  return lateBy > lateMs ? ['backup_late', `what changed ${duration(now - changedAt)} ago is in no backup`] : null;
}

function full({ upkeep, storageBytesMax }: AlertSight): Alarm | null {
  const bytes = backupBytes(upkeep);
  if (bytes <= storageBytesMax * FULL) return null;
  const percent = Math.round((bytes / storageBytesMax) * 100);
  return ['storage_full', `its backups take ${gigabytes(bytes)} GB, ${percent} % of what its plan has`];
}

function drilled({ upkeep }: AlertSight): Alarm | null {
  const drill = upkeep?.drill ?? null;
  return drill && !drill.ok
    ? ['drill_failed', `snapshot ${drill.snapshot.slice(0, 8)} was restored to try it: ${drill.why}`]
    : null;
}

function damaged({ upkeep }: AlertSight): Alarm | null {
  return upkeep?.damage ? ['repository_damaged', upkeep.damage] : null;
}

function behind({ snapshots, upkeep, hasVault, now }: AlertSight, { dailyMs }: UpkeepLimits): Alarm | null {
  if (!hasVault) return null;
  const waiting = snapshots.filter(
    ({ vaultedAt, provedAt, leaving }) => vaultedAt === null && provedAt !== null && !leaving,
  );
  const oldest = Math.min(...waiting.map(({ completedAt, createdAt }) => completedAt ?? createdAt));
  if (waiting.length === 0 || now - oldest <= dailyMs) return missed({ upkeep, now }, dailyMs);
  return [
    'vault_behind',
    `its vault lacks what is ${duration(now - oldest)} old${upkeep?.waits ? `: ${upkeep.waits.why}` : ''}`,
  ];
}

function missed({ upkeep, now }: Pick<AlertSight, 'upkeep' | 'now'>, afterMs: number): Alarm | null {
  const late = Object.entries(upkeep?.missed ?? {}).find(([, { since }]) => now - since > afterMs);
  if (!late) return null;
  const [name, { since, why }] = late;
  return ['vault_behind', `its copy "${name}" has not been brought up to date for ${duration(now - since)}: ${why}`];
}

function stuck({ upkeep, now }: AlertSight, { stuckMs }: UpkeepLimits): Alarm | null {
  const waits = upkeep?.waits;
  if (!waits?.locked || now - waits.since <= stuckMs) return null;
  return ['stuck_lock', `for ${duration(now - waits.since)} something has held its repository: ${waits.why}`];
}

function ending({ machine, status, now }: AlertSight, { credentialsMs }: UpkeepLimits): Alarm | null {
  const until = status?.credentialsUntil ?? null;
  if (machine?.state !== 'running' || until === null || until - now > credentialsMs) return null;
  return ['credentials_ending', `the keys of its machine for storage end in ${duration(until - now)}`];
}

const gigabytes = (bytes: number): string => (bytes / 1e9).toFixed(1);

const FAILURES = 3;
const FULL = 0.8;
