import { isFailure } from '../domain/failures.ts';
import type { Operation } from '../domain/operation.ts';
import type { Ports } from '../domain/ports.ts';
import { NO_CHOICE, type Workspace } from '../domain/workspace.ts';
import { carryOut } from './operation.ts';

/**
 * What a policy or a timer wants of a workspace: an operation like a person's, which can be followed, and once for each `id`.
 */
export async function wishByItself(
  id: string,
  want: 'awake' | 'asleep',
  workspace: Workspace,
  why: string,
  ports: Ports,
): Promise<void> {
  const at = Math.max(ports.clock.now(), workspace.wish.at + 1);
  const verb = want === 'awake' ? 'wake' : 'hibernate';
  const operation: Operation = {
    id,
    version: 0,
    key: null,
    verb,
    workspace: workspace.id,
    by: BY,
    at,
    intent: { wish: { ...NO_CHOICE, want, by: BY, at, why, operation: id } },
    endedAt: null,
    outcome: null,
  };
  const saved = await ports.store.save('operations', operation).catch(async (cause: unknown) => {
    const known = isFailure(cause, 'row_changed') ? await ports.store.read('operations', id) : null;
    if (known) return known; // it was asked for right before a crash
    throw cause;
  });
  await ports.journals.append('audit', { at, by: BY, verb, on: workspace.id, result: id, why });
  await carryOut(saved, ports);
}

/** Who asked, when nobody did. */
const BY = 'dumont';
