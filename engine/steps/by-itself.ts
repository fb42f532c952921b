import { isFailure } from '../domain/failures.ts';
import type { Operation } from '../domain/operation.ts';
import type { Ports } from '../domain/ports.ts';
import { NO_CHOICE, type Workspace } from '../domain/workspace.ts';
import { carryOut } from './operation.ts';

/** A policy's wish that a workspace sleeps: an operation like a person's, which can be followed, and once for each `id`. */
export async function fallAsleep(id: string, workspace: Workspace, why: string, ports: Ports): Promise<void> {
  const at = Math.max(ports.clock.now(), workspace.wish.at + 1);
  const operation: Operation = {
    id,
    version: 0,
    key: null,
    verb: 'hibernate',
    workspace: workspace.id,
    by: BY,
    at,
    intent: { wish: { ...NO_CHOICE, want: 'asleep', by: BY, at, why, operation: id } },
    endedAt: null,
    outcome: null,
  };
  const saved = await ports.store.save('operations', operation).catch(async (cause: unknown) => {
    const known = isFailure(cause, 'row_changed') ? await ports.store.read('operations', id) : null;
    if (known) return known; // it was asked for right before a crash
    throw cause;
  });
  await ports.journals.append('audit', { at, by: BY, verb: 'hibernate', on: workspace.id, result: id, why });
  await carryOut(saved, ports);
}

/** Who asked, when nobody did. */
const BY = 'dumont';
