import { ALERTS, type Alert, alertId } from './domain/alert.ts';
import type { Ports } from './domain/ports.ts';
import { type Alarm, alarms } from './policy/alerts.ts';
import { planOf } from './policy/plan.ts';

/** Raises what is new and resolves what is over, each once, whichever engine looks and however often. */
export async function watchAlerts(ports: Ports): Promise<void> {
  const { store, settings, clock } = ports;
  const [workspaces, machines, snapshots, upkeeps, open] = await Promise.all([
    store.list('workspaces'),
    store.list('machines'),
    store.list('snapshots'),
    store.list('upkeep'),
    store.list('alerts'),
  ]);
  const snapshotsOf = Map.groupBy(snapshots, ({ workspace }) => workspace);
  const machineOf = new Map(machines.map((machine) => [machine.id, machine]));
  const upkeepOf = new Map(upkeeps.map((upkeep) => [upkeep.id, upkeep]));
  const standing = new Map(open.map((alert) => [alert.id, alert]));
  const now = clock.now();
  const ringing = new Map<string, Alarm>();
  for (const workspace of workspaces) {
    const machine = machineOf.get(workspace.claim?.machine ?? '') ?? null;
    const heard = machine && ports.heartbeats.latest(machine.id);
    const sight = {
      machine,
      status: heard && now - heard.at <= settings.agent.silentMs ? heard.status : null,
      snapshots: snapshotsOf.get(workspace.id) ?? [],
      upkeep: upkeepOf.get(workspace.id) ?? null,
      storageBytesMax: planOf(workspace.spec, settings).storageBytesMax,
      hasVault: ports.vaults.length > 0,
      now,
    };
    for (const alarm of alarms(sight, settings.upkeep)) {
      const [kind, why] = alarm;
      const id = alertId(kind, workspace.id);
      ringing.set(id, alarm);
      const before = standing.get(id);
      if (before && before.resolvedAt === null) continue;
      const raised = { id, kind, workspace: workspace.id, raisedAt: now, why, resolvedAt: null, resolvedBy: null };
      await store.save('alerts', { ...raised, version: before?.version ?? 0 });
      ports.tell({ event: 'alert.raised', workspace: workspace.id, kind, why, mend: ALERTS[kind].en });
    }
  }
  for (const alert of open) if (isOver(alert, ringing)) await resolve(alert, ports);
}

/** One that is about the installation is a person's to end. */
function isOver({ id, resolvedAt, workspace }: Alert, ringing: ReadonlyMap<string, Alarm>): boolean {
  return resolvedAt === null && workspace !== null && !ringing.has(id);
}

async function resolve(alert: Alert, ports: Ports): Promise<void> {
  const now = ports.clock.now();
  await ports.store.save('alerts', { ...alert, resolvedAt: now, resolvedBy: 'it ended by itself' });
  if (alert.workspace === null) return;
  const { kind, workspace, why } = alert;
  ports.tell({ event: 'alert.resolved', workspace, kind, why, forMs: now - alert.raisedAt });
}
