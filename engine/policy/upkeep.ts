import type { UpkeepLimits } from '../domain/settings.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import type { Missed, Upkeep } from '../domain/upkeep.ts';

export interface UpkeepSight {
  readonly upkeep: Upkeep;
  readonly snapshots: readonly Snapshot[];
  /** No machine of it is there that costs anything but its disk. */
  readonly asleep: boolean;
  /** Nor one that may start again. */
  readonly released: boolean;
  readonly now: number;
}

/** Why the backups of a workspace are to be looked after now; null when that can wait. */
export function upkeepDue(
  { upkeep, snapshots, asleep, released, now }: UpkeepSight,
  limits: UpkeepLimits,
): string | null {
  if (snapshots.length === 0 || now - upkeep.triedAt < limits.retryMs) return null;
  // One that others still build on stays for a while, and is no reason to look again.
  if (snapshots.some(({ leaving }) => leaving !== null && leaving.at >= (upkeep.doneAt ?? 0)))
    return 'snapshots were removed';
  if (released && upkeep.formerKeys) return 'its former password is needed no more';
  const fresh = newestOf(snapshots) > upkeep.sequence;
  if (asleep && fresh) return 'it fell asleep';
  if (Object.values(upkeep.missed ?? {}).some((one) => triedAgain(one, now, limits))) return 'a copy is behind';
  const sinceMs = now - (upkeep.doneAt ?? 0);
  if (fresh && sinceMs >= limits.everyMs) return 'there are new snapshots';
  return sinceMs >= limits.dailyMs ? 'a day has passed' : null;
}

/** Whether data is taken out now. While it sleeps nobody is in the way, and the next wake is the quicker for it. */
export function compactionDue({ upkeep, snapshots, asleep, now }: UpkeepSight, limits: UpkeepLimits): boolean {
  if (upkeep.removed >= limits.compactAfter) return true;
  const sinceMs = now - (upkeep.compactedAt ?? 0);
  if (asleep) return upkeep.removed > 0 || newestOf(snapshots) >= upkeep.sequence + limits.joinAfter;
  return upkeep.removed > 0 && sinceMs >= limits.dailyMs;
}

/** Whether what a fresh machine needs to know first is left for it anew. One that sleeps is woken from it. */
export function headStartDue(
  { upkeep, snapshots, asleep, now }: UpkeepSight,
  leftAt: number | null,
  { vaultEveryMs }: UpkeepLimits,
): boolean {
  if (leftAt === null || leftAt + CLOCKS_MS < (upkeep.compactedAt ?? 0)) return true;
  return newestOf(snapshots) > upkeep.sequence && (asleep || now - leftAt >= vaultEveryMs);
}

/** The time of an object is its storage's, and in whole seconds. */
const CLOCKS_MS = 60_000;

/** Into which of these copies goes now what is new. One that does not answer is in nobody's way. */
export function copiesDue(names: readonly string[], sight: UpkeepSight, limits: UpkeepLimits): readonly string[] {
  const due = vaultDue(sight, limits);
  return names.filter((name) => {
    const missed = sight.upkeep.missed?.[name];
    return missed ? triedAgain(missed, sight.now, limits) : due;
  });
}

/** After as long again as it has failed by then. */
function triedAgain({ since, at }: Missed, now: number, { retryMs, missedMs }: UpkeepLimits): boolean {
  return now - at >= Math.min(Math.max(at - since, retryMs), missedMs);
}

function vaultDue({ upkeep, snapshots, asleep, now }: UpkeepSight, limits: UpkeepLimits): boolean {
  const fresh = snapshots.some(
    ({ vaultedAt, provedAt, leaving }) => vaultedAt === null && provedAt !== null && !leaving,
  );
  const sinceMs = now - (upkeep.vault?.at ?? 0);
  return (fresh && (asleep || sinceMs >= limits.vaultEveryMs)) || sinceMs >= limits.dailyMs;
}

/** Whether some of all bytes is read again. */
export function checkDue(sight: UpkeepSight, { checkEveryMs }: UpkeepLimits): boolean {
  return isDue(sight.upkeep.checkedAt, checkEveryMs, sight);
}

/** Whether a snapshot is really restored to try it. One that failed is tried again the next day: it may have been mended. */
export function drillDue(sight: UpkeepSight, { drillEveryMs, dailyMs }: UpkeepLimits): boolean {
  const { drill } = sight.upkeep;
  return isDue(drill?.at ?? null, drill?.ok === false ? dailyMs : drillEveryMs, sight);
}

/** While it sleeps nobody else needs the line; one that never sleeps has its turn as well, half as often. */
function isDue(at: number | null, everyMs: number, { asleep, snapshots, now }: UpkeepSight): boolean {
  if (asleep) return now - (at ?? 0) >= everyMs;
  const since = at ?? Math.min(...snapshots.map(({ createdAt }) => createdAt));
  return now - since >= 2 * everyMs;
}

export function newestOf(snapshots: readonly Snapshot[]): number {
  return snapshots.reduce((newest, { sequence }) => Math.max(newest, sequence), 0);
}
