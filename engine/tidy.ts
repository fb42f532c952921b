import { isFailure } from './domain/failures.ts';
import type { Kind, Ports, Rows } from './domain/ports.ts';

/**
 * Takes rows out of the store that are settled and old. What they cost and how they went stays in the journals; what the
 * newest wish of a workspace refers to stays in the store.
 */
export async function tidy(ports: Ports): Promise<void> {
  const before = ports.clock.now() - ports.settings.settledKeptMs;
  const [workspaces, machines, races, operations] = await Promise.all([
    ports.store.list('workspaces'),
    ports.store.list('machines'),
    ports.store.list('races'),
    ports.store.list('operations'),
  ]);
  const current = new Set(workspaces.map((workspace) => workspace.wish.operation));
  for (const row of machines) if (row.state === 'gone' && row.since < before) await remove('machines', row, ports);
  for (const row of races) {
    const needed =
      current.has(row.operation) || machines.some((machine) => machine.race === row.id && machine.state !== 'gone');
    if (row.endedAt !== null && row.endedAt < before && !needed) await remove('races', row, ports);
  }
  for (const row of await ports.store.list('bills'))
    if (row.closedAt !== null && row.closedAt < before) await remove('bills', row, ports);
  for (const row of operations) {
    if (row.endedAt !== null && row.endedAt < before && !current.has(row.id)) await remove('operations', row, ports);
  }
}

async function remove<K extends Kind>(kind: K, row: Rows[K], ports: Ports): Promise<void> {
  try {
    await ports.store.remove(kind, row);
  } catch (cause) {
    if (!isFailure(cause, 'row_changed')) throw cause; // not so settled after all
  }
}
