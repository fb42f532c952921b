import type { Operation, Outcome } from '../domain/operation.ts';
import type { Ports } from '../domain/ports.ts';
import { isLater } from '../domain/workspace.ts';
import { rowsBell, workspaceBell } from './step.ts';
import { update } from './update.ts';

/**
 * Writes what an operation asks for into its workspace, unless it stands there or something later does. Done again it does
 * nothing, so that a crash between the operation and its effect loses neither.
 */
export async function carryOut(operation: Operation, ports: Ports): Promise<void> {
  const { intent, workspace } = operation;
  const current = await ports.store.read('operations', operation.id);
  if (!intent || !current || current.endedAt !== null) return;
  const changed = await update(ports.store, 'workspaces', workspace, (row) => {
    if (row.destroying) return null;
    if ('wish' in intent) return isLater(intent.wish, row.wish) ? { ...row, wish: intent.wish } : null;
    if ('job' in intent) {
      const stands = row.jobs.some((job) => job.operation === operation.id);
      return stands ? null : { ...row, jobs: [...row.jobs, intent.job] };
    }
    if ('fetch' in intent) {
      const stands = row.fetches.some((fetch) => fetch.operation === operation.id);
      return stands ? null : { ...row, fetches: [...row.fetches, intent.fetch] };
    }
    // These have a worker of their own.
    if ('clone' in intent || 'give' in intent || 'drill' in intent || 'rekey' in intent) return null;
    const stands = row.asks.some((ask) => ask.operation === operation.id);
    return stands ? null : { ...row, asks: [...row.asks, intent.ask] };
  });
  if (changed?.destroying) return; // whoever removes it ends the operation
  for (const bell of [rowsBell, workspaceBell(workspace)]) ports.bell.ring(bell);
}

/** A snapshot that was asked for is taken, or files are brought back; or that cannot be. */
export async function forgetAsk(workspace: string, operation: string, ports: Ports): Promise<void> {
  await update(ports.store, 'workspaces', workspace, (row) => {
    const others = (one: { readonly operation: string }): boolean => one.operation !== operation;
    if (row.asks.every(others) && row.fetches.every(others)) return null;
    return { ...row, asks: row.asks.filter(others), fetches: row.fetches.filter(others) };
  });
}

/** Writes how an operation ended and says so, once. */
export async function endOperation(id: string, outcome: Outcome, ports: Ports): Promise<void> {
  let ended = false;
  const operation = await update(ports.store, 'operations', id, (row) => {
    ended = row.endedAt === null;
    return ended ? { ...row, endedAt: ports.clock.now(), outcome } : null;
  });
  if (operation && ended) {
    ports.tell({
      event: 'operation.ended',
      workspace: operation.workspace,
      operation: id,
      ok: outcome.ok,
      why: outcome.say,
    });
  }
}
