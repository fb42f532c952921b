import type { Outcome } from '../domain/operation.ts';
import type { Ports } from '../domain/ports.ts';
import { update } from './update.ts';

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
