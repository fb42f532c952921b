import { Failure } from './domain/failures.ts';
import type { Ports } from './domain/ports.ts';
import type { Workspace } from './domain/workspace.ts';

/** What to say of a snapshot that is not there: that it was removed, when and by whom, where that is known. */
export async function whyMissing(
  { id: workspace, createdAt }: Workspace,
  prefix: string,
  { store, journals }: Pick<Ports, 'store' | 'journals'>,
): Promise<Failure> {
  const gone = (id: string, by: string, at: number, why: string): Failure =>
    new Failure('snapshot_gone', {
      snapshot: id.slice(0, 8),
      workspace,
      by,
      when: `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`,
      why,
    });
  const leaving = (await store.list('snapshots')).find(
    (one) => one.workspace === workspace && one.id.startsWith(prefix),
  );
  if (leaving?.leaving) return gone(leaving.id, leaving.leaving.by, leaving.leaving.at, leaving.leaving.why);
  // What a person removed is in the audit, under the beginning of its id.
  if (prefix.length >= SHORT) {
    const deeds = await journals.read('audit', createdAt);
    const deed = deeds.findLast(
      ({ verb, on, result }) => verb === 'forget' && on === workspace && prefix.startsWith(result),
    );
    if (deed) return gone(deed.result, deed.by, deed.at, deed.why || 'asked for');
  }
  return new Failure('no_such_snapshot', { snapshot: prefix, workspace });
}

const SHORT = 8;
