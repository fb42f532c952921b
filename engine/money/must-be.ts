import { OWNER } from '../domain/account.ts';
import { Failure } from '../domain/failures.ts';
import type { Ports } from '../domain/ports.ts';
import { knownWorkspaces } from '../steps/known-workspaces.ts';

/** What a cap or a report is for must be there. */
export async function mustBeWorkspace(workspace: string, { store }: Ports): Promise<void> {
  if (await store.read('workspaces', workspace)) return;
  const known = (await knownWorkspaces({ store })) || 'none';
  throw new Failure('no_such_workspace', { workspace, known });
}

export async function mustBeAccount(account: string, { store }: Ports): Promise<void> {
  if (account !== OWNER && !(await store.read('accounts', account))) throw new Failure('no_such_account', { account });
}
