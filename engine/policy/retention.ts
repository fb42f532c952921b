import { DAY_MS } from '../domain/ledger.ts';
import type { Machine } from '../domain/lifecycle.ts';
import type { Settings } from '../domain/settings.ts';
import { type Fate, newestGood, type Snapshot, type SnapshotKind } from '../domain/snapshot.ts';
import type { Workspace } from '../domain/workspace.ts';
import { duration } from './idle-words.ts';
import { type Kept, keptDays } from './plan.ts';
import { type LastInEach, lastInEach, timeOf } from './spans.ts';

export interface RetentionSight {
  readonly workspace: Pick<Workspace, 'spec' | 'wish' | 'fetches'>;
  /** All that the catalogue has of it. */
  readonly snapshots: readonly Snapshot[];
  /** Its machines that are not gone. */
  readonly machines: readonly Machine[];
  /** Snapshots that a machine still names to us, and would name again if we did not know them. */
  readonly named: ReadonlySet<string>;
  /** It takes more of storage than its plan has: what is old is kept once a day. */
  readonly overLimit: boolean;
  readonly now: number;
}

type Limits = Pick<Settings, 'plans' | 'retention'>;

/** Which snapshots stay and which go, and why: the first reason found is the one given. */
export function retention(sight: RetentionSight, settings: Limits): readonly Fate[] {
  const newest = newestGood(sight.snapshots);
  const last = lastInEach(sight.snapshots);
  const fates = new Map(sight.snapshots.map((one) => [one.id, fateOf(one, newest, last, sight, settings)]));
  // A list that is only the difference to another one's is nothing without it. There are no longer chains than this.
  for (const { snapshot, stays } of [...fates.values()]) {
    const base = stays && snapshot.manifestBase !== null ? fates.get(snapshot.manifestBase) : undefined;
    if (base && !base.stays && base.snapshot.leaving === null)
      fates.set(base.snapshot.id, stay(base.snapshot, `the list of ${short(snapshot)} builds on its own`));
  }
  const kept = [...fates.values()].filter(({ stays }) => stays);
  return sight.snapshots.map((one) => {
    const fate = fates.get(one.id)!;
    const twin = kept.find(({ snapshot }) => snapshot.id !== one.id && snapshot.contentHash === one.contentHash);
    return { ...fate, sameAs: twin?.snapshot.id ?? null };
  });
}

function fateOf(
  snapshot: Snapshot,
  newest: Snapshot | null,
  last: LastInEach,
  sight: RetentionSight,
  settings: Limits,
): Fate {
  const { workspace, overLimit, now } = sight;
  const { leaving, pinned } = snapshot;
  if (leaving) return go(snapshot, `${leaving.by} removed it: ${leaving.why}`);
  if (pinned) return stay(snapshot, `pinned by ${pinned.by}${pinned.why && `: ${pinned.why}`}`);
  if (snapshot.id === newest?.id) return stay(snapshot, 'the newest good one');
  if (snapshot.id === last.id) return stay(snapshot, 'the newest of all');
  const need = neededNow(snapshot, sight);
  if (need) return stay(snapshot, need);

  const { setAside } = snapshot;
  const kind = setAside ? 'manual' : snapshot.kind; // as the checkpoint before files are brought back onto a machine
  const kept = keptDays(kind, workspace.spec, settings);
  const from = setAside?.at ?? timeOf(snapshot);
  const until = from + kept.days * DAY_MS;
  if (setAside) {
    const why = `${setAside.by} went back to an older one ${duration(now - from)} ago; ${keptWords(kind, kept)}`;
    return now >= until ? go(snapshot, why) : stay(snapshot, why, until);
  }
  if (now >= until) return go(snapshot, `${keptWords(kind, kept)}, and it is ${duration(now - from)} old`);
  if (kind !== 'automatic') return stay(snapshot, keptWords(kind, kept), until);
  const everyMs = stepFor(now - from, overLimit, settings);
  const later = last.after(snapshot, everyMs);
  if (later) return go(snapshot, `${short(later)} is later in the same ${duration(everyMs)}`);
  const thinned = everyMs > 1 ? `the last in ${duration(everyMs)}; ` : '';
  const end = endOf(snapshot, until, last, sight, settings);
  return { ...stay(snapshot, `${thinned}${keptWords(kind, kept)}`, end.until), soonest: end.soonest };
}

/** When one that stays now goes: as it gets older one of the same longer span stands for it, which is there or may still come. */
function endOf(
  snapshot: Snapshot,
  until: number,
  last: LastInEach,
  { overLimit, now }: RetentionSight,
  settings: Limits,
): Pick<Fate, 'until' | 'soonest'> {
  const from = timeOf(snapshot);
  let soonest: number | null = null;
  let at = now;
  for (const { untilMs, everyMs } of stepsOf(overLimit, settings)) {
    if (at >= until) break;
    if (now - from >= untilMs) continue;
    if (at > now && last.after(snapshot, everyMs)) return { until: at, soonest };
    if (last.mayCome(snapshot, everyMs, now)) soonest ??= at;
    at = from + untilMs;
  }
  return { until, soonest };
}

/** Who would miss it at this moment, whatever anybody wants; null when nobody would. */
export function neededNow(
  snapshot: Snapshot,
  { workspace, machines, named }: Pick<RetentionSight, 'workspace' | 'machines' | 'named'>,
): string | null {
  if (workspace.wish.snapshot === snapshot.id) return 'somebody asked to wake from it';
  if (workspace.fetches.some((fetch) => fetch.snapshot === snapshot.id)) return 'files of it are being brought back';
  const user = machines.find((machine) => needs(machine, snapshot));
  if (user) return `machine ${user.id} builds on it`;
  return named.has(snapshot.id) ? 'its machine still speaks of it' : null;
}

/**
 * What a machine was restored from: it compares its files with that, and reads all of them again without. And what proved
 * that it may be destroyed, until it is.
 */
function needs(machine: Machine, snapshot: Snapshot): boolean {
  if (machine.sealed?.snapshot === snapshot.id) return true;
  return machine.state !== 'releasing' && machine.restored === snapshot.id;
}

const stepsOf = (overLimit: boolean, { retention: { ladder } }: Limits) =>
  overLimit ? [ladder[0]!, ladder.at(-1)!] : ladder;

function stepFor(ageMs: number, overLimit: boolean, settings: Limits): number {
  const steps = stepsOf(overLimit, settings);
  return (steps.find(({ untilMs }) => ageMs < untilMs) ?? steps.at(-1)!).everyMs;
}

const short = ({ id }: Snapshot): string => id.slice(0, 8);

function keptWords(kind: SnapshotKind, { days, by }: Kept): string {
  const whose =
    by === 'workspace'
      ? 'the workspace keeps snapshots'
      : by === 'plan'
        ? 'the plan keeps it'
        : `${kind} ones are kept`;
  return `${whose} ${days} days`;
}

function stay(snapshot: Snapshot, why: string, until: number | null = null): Fate {
  return { snapshot, stays: true, why, until, soonest: null, sameAs: null };
}

function go(snapshot: Snapshot, why: string): Fate {
  return { snapshot, stays: false, why, until: null, soonest: null, sameAs: null };
}
