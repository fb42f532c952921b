import { ALERTS, type Alert, alertId } from '../domain/alert.ts';
import type { Ports } from '../domain/ports.ts';
import { alarms, stuckMachine } from '../policy/alerts.ts';
import { planOf } from '../policy/plan.ts';

/** Raises what is new and resolves what is over, each once, whichever engine looks and however often. */
export async function watchAlerts(ports: Ports): Promise<void> {
  const { store, settings, clock } = ports;
  const [workspaces, machines, snapshots, upkeeps] = await Promise.all([
    store.list('workspaces'),
    store.list('machines'),
    store.list('snapshots'),
    store.list('upkeep'),
  ]);
  const snapshotsOf = Map.groupBy(snapshots, ({ workspace }) => workspace);
  const machineOf = new Map(machines.map((machine) => [machine.id, machine]));
  const upkeepOf = new Map(upkeeps.map((upkeep) => [upkeep.id, upkeep]));
  const now = clock.now();
  const ringing = new Map<string, Ringing>();
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
    for (const [kind, why] of alarms(sight, settings.upkeep))
      ringing.set(alertId(kind, workspace.id), { kind, workspace: workspace.id, why });
  }
  for (const machine of machines) {
    const why = stuckMachine(machine, settings.release.tellAfterMs, now);
    const { id, workspace } = machine;
    if (why !== null) ringing.set(alertId('machine_stuck', id), { kind: 'machine_stuck', workspace, why });
  }
  await settleAlerts(ringing, ({ kind, workspace }) => workspace !== null && !OF_MONEY.has(kind), ports);
}

export type Ringing = Pick<Alert, 'kind' | 'workspace' | 'why'>;

/** Of those that are `mine` to say, raises what is new and ends what is over. */
export async function settleAlerts(
  ringing: ReadonlyMap<string, Ringing>,
  mine: (alert: Alert) => boolean,
  ports: Ports,
): Promise<void> {
  const open = await ports.store.list('alerts');
  const standing = new Map(open.map((alert) => [alert.id, alert]));
  for (const [id, { kind, workspace, why }] of ringing) {
    const before = standing.get(id);
    if (before && before.resolvedAt === null) continue;
    const raised = { id, kind, workspace, raisedAt: ports.clock.now(), why, resolvedAt: null, resolvedBy: null };
    await ports.store.save('alerts', { ...raised, version: before?.version ?? 0 });
    ports.tell({ event: 'alert.raised', workspace, alert: id, kind, why, mend: ALERTS[kind].en });
  }
  for (const alert of open)
    if (alert.resolvedAt === null && mine(alert) && !ringing.has(alert.id)) await resolve(alert, ports);
}

/** Looked after where money is. */
const OF_MONEY: ReadonlySet<Alert['kind']> = new Set([
  'budget_near',
  'budget_spent',
  'credit_low',
  'price_refused',
  'price_raised',
  'rental_ending',
]);

async function resolve(alert: Alert, ports: Ports): Promise<void> {
  const now = ports.clock.now();
  await ports.store.save('alerts', { ...alert, resolvedAt: now, resolvedBy: 'it ended by itself' });
  const { id, kind, workspace, why } = alert;
  ports.tell({ event: 'alert.resolved', workspace, alert: id, kind, why, forMs: now - alert.raisedAt });
}
