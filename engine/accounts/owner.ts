import { OWNER } from '../domain/account.ts';
import type { Store } from '../domain/ports.ts';

/**
 * Whoever runs the engine was once known by the name of their user on this computer, which an account may have as well. What
 * they made stays theirs; where there is such an account already, nobody can tell any more whose it is.
 */
export async function keepOwners(store: Store, user: string): Promise<void> {
  if (await store.read('accounts', user)) return;
  for (const workspace of await store.list('workspaces'))
    if (workspace.owner === user) await store.save('workspaces', { ...workspace, owner: OWNER });
}
