import type { Ports } from '../domain/ports.ts';

/** Their names, for whoever named one that is not there; '' when there is none at all. */
export async function knownWorkspaces({ store }: Pick<Ports, 'store'>): Promise<string> {
  return (await store.list('workspaces')).map(({ id }) => id).join(', ');
}
