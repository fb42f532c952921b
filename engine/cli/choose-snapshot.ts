import { Failure } from '../domain/failures.ts';
import type { SnapshotJson } from '../http/json/snapshot.ts';
import { timeOf } from './words.ts';

/** The newest whole and proved one that was complete at that moment. */
export function snapshotAt(
  snapshots: readonly SnapshotJson[],
  at: number,
  workspace: string,
  when: string,
): SnapshotJson {
  const good = snapshots
    .filter((each) => !each.partial && each.proved_at !== null && each.kind !== 'pre-failover')
    .toSorted((a, b) => b.sequence - a.sequence);
  const chosen = good.find((each) => timeOf(each.created_at) <= at);
  if (chosen) return chosen;
  throw new Failure('no_such_snapshot', { snapshot: when, workspace });
}
