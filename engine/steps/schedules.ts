import type { Ports } from '../domain/ports.ts';
import type { Workspace } from '../domain/workspace.ts';
import { type Due, dueBy } from '../policy/next-due.ts';
import { wishByItself } from './by-itself.ts';
import { update } from './update.ts';

/** Wakes a workspace whose schedule says so. That it is to sleep is its machine's to mind, which warns people first. */
export async function wakeOnTime(workspace: Workspace, ports: Ports): Promise<void> {
  if (workspace.schedules.length === 0) return;
  const due = dueBy(workspace, ports.clock.now(), ports.settings.scheduleLateMs);
  if (due?.schedule.want !== 'awake') return;
  if (workspace.wish.want !== 'awake') await wishByItself(timerOf(workspace, due), 'awake', workspace, due.why, ports);
  await scheduleDone(workspace, due, ports);
}

/** One operation for each time that it is due, however often it is looked at. */
export const timerOf = (workspace: Workspace, { schedule, at }: Due): string =>
  `timer-${workspace.id}-${schedule.id}-${at}`;

/** Whatever was due until then is over with it. */
export async function scheduleDone(workspace: Workspace, { at }: Due, ports: Ports): Promise<void> {
  await update(ports.store, 'workspaces', workspace.id, (row) => ({
    ...row,
    schedules: row.schedules.map((one) => (one.doneAt < at ? { ...one, doneAt: at } : one)),
  }));
}
