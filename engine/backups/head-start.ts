import { headStartKey } from '../domain/layout.ts';
import type { Ports, StoredObject } from '../domain/ports.ts';
import { newestGood } from '../domain/snapshot.ts';
import type { Workspace } from '../domain/workspace.ts';
import { headStartDue, type UpkeepSight } from '../policy/upkeep.ts';

/** For a machine that never saw the repository, and on a long line would ask for each piece of what it must know first. */
export async function leaveHeadStart(
  workspace: Workspace,
  sight: UpkeepSight,
  objects: readonly StoredObject[],
  ports: Ports,
  signal: AbortSignal,
): Promise<void> {
  const key = headStartKey(workspace.id);
  const left = objects.find((object) => object.key === key)?.writtenAt ?? null;
  const snapshot = newestGood(sight.snapshots);
  if (snapshot === null || !headStartDue(sight, left, ports.settings.upkeep)) return;
  const bytes = await ports.repositories.headStart(workspace, snapshot.id, signal);
  if (bytes !== null) await ports.storage.put(key, bytes, signal);
}
