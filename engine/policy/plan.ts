import { INTERVALS_MS, type Plan, RETENTION_DAYS } from '../domain/plan.ts';
import type { Settings } from '../domain/settings.ts';
import type { SnapshotKind } from '../domain/snapshot.ts';
import type { WorkspaceSpec } from '../domain/workspace.ts';
import { duration } from './idle-words.ts';

type Choice = Pick<WorkspaceSpec, 'plan' | 'backupEveryMs' | 'retentionDays'>;

export function planOf({ plan }: Pick<Choice, 'plan'>, { plans }: Pick<Settings, 'plans'>): Plan {
  return plans[plan];
}

/** Why these cannot be chosen together, with what can, and whether that is its plan's doing; null when they can. */
export function faultInChoice(
  choice: Choice,
  settings: Pick<Settings, 'plans'>,
): { readonly why: string; readonly ofPlan: boolean } | null {
  const { intervalMs } = planOf(choice, settings);
  const { backupEveryMs, retentionDays } = choice;
  const allowed = INTERVALS_MS.filter((ms) => ms >= intervalMs);
  const words = listed(allowed.map(duration));
  if (backupEveryMs !== null && !allowed.includes(backupEveryMs))
    return INTERVALS_MS.includes(backupEveryMs)
      ? { why: `it has no backup every ${duration(backupEveryMs)}; choose ${words}`, ofPlan: true }
      : { why: `A backup can come every ${words}, not every ${duration(backupEveryMs)}.`, ofPlan: false };
  if (retentionDays !== null && !RETENTION_DAYS.includes(retentionDays))
    return {
      why: `Snapshots are kept for ${listed(RETENTION_DAYS.map(String))} days, not for ${retentionDays}.`,
      ofPlan: false,
    };
  return null;
}

/** A plan that was narrowed after the choice holds as well. Where nobody chose, the installation says, and then the plan. */
export function intervalOf(choice: Choice, settings: Pick<Settings, 'plans' | 'agent'>): number {
  const { intervalMs } = planOf(choice, settings);
  if (choice.backupEveryMs !== null) return Math.max(choice.backupEveryMs, intervalMs);
  return settings.agent.backupEveryMs ?? intervalMs;
}

export interface Kept {
  readonly days: number;
  /** Who says so. */
  readonly by: 'workspace' | 'kind' | 'plan';
}

/** The workspace's choice comes before the kind, the kind before the plan; the plan caps automatic ones only. */
export function keptDays(
  kind: SnapshotKind,
  choice: Pick<Choice, 'plan' | 'retentionDays'>,
  settings: Pick<Settings, 'plans' | 'retention'>,
): Kept {
  const plan = planOf(choice, settings);
  const ofKind = settings.retention.days[kind];
  const kept: Kept =
    choice.retentionDays !== null
      ? { days: choice.retentionDays, by: 'workspace' }
      : ofKind !== null
        ? { days: ofKind, by: 'kind' }
        : { days: plan.days, by: 'plan' };
  return kind === 'automatic' && kept.days > plan.days ? { days: plan.days, by: 'plan' } : kept;
}

function listed(words: readonly string[]): string {
  return `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}
