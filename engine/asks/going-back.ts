import type { SetAside } from '../domain/doors.ts';
import { Failure } from '../domain/failures.ts';
import { DAY_MS } from '../domain/ledger.ts';
import type { Ports } from '../domain/ports.ts';
import type { Settings } from '../domain/settings.ts';
import { newestGood, type Snapshot } from '../domain/snapshot.ts';
import type { Workspace } from '../domain/workspace.ts';
import { keptDays } from '../policy/plan.ts';
import { writeMetadata } from '../steps/metadata.ts';
import { update } from '../steps/update.ts';

/** What is left behind by a wake from `chosen`: the newest good one, if it holds anything else. */
export function leftBehind(
  chosen: Snapshot,
  { spec }: Workspace,
  snapshots: readonly Snapshot[],
  { settings, now }: { readonly settings: Pick<Settings, 'plans' | 'retention'>; readonly now: number },
): SetAside | null {
  const newest = newestGood(snapshots);
  if (!newest || newest.contentHash === chosen.contentHash) return null;
  const until = newest.pinned ? null : now + keptDays('manual', spec, settings).days * DAY_MS;
  return { newest, until };
}

export function mustAgree({ newest, until }: SetAside, chosen: Snapshot, workspace: string): Failure {
  const [last, older] = [newest, chosen].map(({ id }) => id.slice(0, 8));
  const stays =
    until === null ? 'It is pinned and stays' : `It stays until ${new Date(until).toISOString().slice(0, 10)}`;
  return new Failure('confirmation_needed', {
    agree: 'set_aside',
    why:
      `${last}, the newest good snapshot of ${workspace}, holds what ${older} does not, and no later one will hold it. ` +
      `${stays}; "dumont restore ${workspace} --snapshot ${last}" goes back to it, and "dumont forget ${workspace} ${last}" removes it.`,
  });
}

/** Nothing that comes after it goes on from it, so nothing later stands for it when old ones are thinned. */
export async function setAside(
  { newest, until }: SetAside,
  chosen: Snapshot,
  { id: workspace, wish }: Workspace,
  by: string,
  ports: Ports,
): Promise<void> {
  // The same was asked before, and nothing has come of it yet.
  if (newest.setAside && wish.want === 'awake' && wish.snapshot === chosen.id) return;
  const decision = { by, why: `went back to ${chosen.id.slice(0, 8)}`, at: ports.clock.now() };
  const changed = await update(ports.store, 'snapshots', newest.id, (row) =>
    row.leaving ? null : { ...row, setAside: decision },
  );
  if (!changed?.setAside) return;
  await writeMetadata(changed, ports, AbortSignal.timeout(WRITE_MS));
  ports.tell({ event: 'snapshot.set_aside', workspace, snapshot: newest.id, from: chosen.id, by, until });
}

const WRITE_MS = 60_000;
